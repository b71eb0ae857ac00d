"""The patch languages of the Kubernetes API: JSON patch, merge patch, strategic merge patch."""

"""The three patch languages of the Kubernetes API: JSON patch, JSON merge patch, strategic merge."""

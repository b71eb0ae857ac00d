"""Facts about Kubernetes as data: kinds, defaults, columns."""

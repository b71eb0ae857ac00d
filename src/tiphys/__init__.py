"""GitOps continuous delivery for Kubernetes, drop-in compatible with Argo CD."""

"""Writes everything under deploy/ that describes an installation, from one description of it.

    python -m scripts.manifests        writes the files
    python -m scripts.manifests check  says which differ, with exit code 1

The names of workloads, Services, ConfigMaps, Secrets, roles and ports are those of Argo CD, because
other tools and people's habits look for them. Source: Argo CD, "Installation", and its manifests.
"""

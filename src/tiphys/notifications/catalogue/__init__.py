"""The default catalogue of triggers and templates, written by scripts/generate_notifications.py."""

from importlib import resources
from typing import Any

import yaml


def default_config_map(namespace: str) -> dict[str, Any]:
    """Return `argocd-notifications-cm` with every default trigger and template."""
    text = (resources.files(__name__) / "argocd-notifications-cm.yaml").read_bytes()
    manifest: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}

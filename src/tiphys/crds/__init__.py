"""The custom resource definitions, written by scripts/generate_crds.py."""

from importlib import resources
from typing import Any

import yaml


def custom_resource_definitions() -> list[dict[str, Any]]:
    """Return the CustomResourceDefinitions that tiphys needs in its own cluster."""
    folder = resources.files(__name__)
    return [
        yaml.load((folder / name).read_bytes(), Loader=yaml.CSafeLoader)
        for name in ("application.yaml", "appproject.yaml")
    ]

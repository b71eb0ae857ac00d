"""Which subcharts of a chart the values turn off.

Source: Helm documentation, "Charts": "Tags and Condition fields in dependencies".
"""

from collections.abc import Mapping
from typing import Any


def disabled_subcharts(metadata: Mapping[str, Any], values: Mapping[str, Any]) -> set[str]:
    """Return the names of the direct subcharts that the values turn off in all their places.

    Args:
        metadata: Chart.yaml.
        values: the chart's own with the user's laid over them.
    """
    listed = [entry for entry in metadata.get("dependencies") or [] if isinstance(entry, dict)]
    enabled = {str(entry.get("name")) for entry in listed if _is_enabled(entry, values)}
    return {str(entry.get("name")) for entry in listed} - enabled


def _is_enabled(dependency: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Return what the first condition that is set says, else the tags, else True."""
    for condition in str(dependency.get("condition") or "").split(","):
        found = _at(values, condition.strip())
        if isinstance(found, bool):
            return found
    tags = values.get("tags")
    told = [tags.get(tag) for tag in dependency.get("tags") or []] if isinstance(tags, dict) else []
    said = [flag for flag in told if isinstance(flag, bool)]
    return any(said) or not said


def _at(values: Any, path: str) -> Any:
    for name in path.split("."):
        values = values.get(name) if isinstance(values, Mapping) else None
    return values

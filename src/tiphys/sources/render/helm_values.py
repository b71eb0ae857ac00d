"""How values are laid over values.

Source: Helm documentation, "Values Files"; helm.sh/helm, package strvals, `ParseInto`.
"""

from typing import Any


def merge_values(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return values with others laid over them: maps merge, everything else is replaced."""
    merged = dict(base)
    for name, value in over.items():
        before = merged.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[name] = merge_values(before, value)
        else:
            merged[name] = value
    return merged


def merge_setting(base: dict[str, Any], setting: str, parsed: dict[str, Any]) -> dict[str, Any]:
    """Return values with one `--set` applied: `a[1].b=x` changes that item and keeps the others.

    Args:
        base: the values before.
        setting: `name=value`.
        parsed: what the setting alone gives; items before the one it names are null.
    """
    name = setting.partition("=")[0]
    merged: dict[str, Any] = _by_index(base, parsed) if "[" in name else merge_values(base, parsed)
    return merged


def _by_index(before: Any, over: Any) -> Any:
    if isinstance(before, dict) and isinstance(over, dict):
        laid = {name: _by_index(before.get(name), value) for name, value in over.items()}
        return {**before, **laid}
    if isinstance(before, list) and isinstance(over, list):
        longer = max(len(before), len(over))
        left = before + [None] * (longer - len(before))
        right = over + [None] * (longer - len(over))
        return [_by_index(a, b) if b is not None else a for a, b in zip(left, right, strict=True)]
    return over

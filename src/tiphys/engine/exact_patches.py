"""Patches that keep nulls: a merge patch cannot write one, a JSON patch can.

Values of a chart may hold nulls, and they stand in the status and the operation of an Application
as well as in its spec.

Source: RFC 7386 (null removes), RFC 6902.
"""

from typing import Any

from tiphys.model.keys import Manifest


def holds_null(value: Any) -> bool:
    """Return whether a null stands somewhere in JSON data."""
    if isinstance(value, dict):
        return any(item is None or holds_null(item) for item in value.values())
    return isinstance(value, list) and any(item is None or holds_null(item) for item in value)


def exact_patch(before: Manifest, patch: Manifest, after: Manifest) -> list[Manifest]:
    """Return the JSON patch that brings about what a merge patch cannot say.

    Args:
        before: the object.
        patch: the merge patch; it tells what differs.
        after: the parts that it changes as they are to be, nulls included.
    """
    operations: list[Manifest] = []
    _collect(operations, "", before, patch, after)
    return operations


def _collect(
    operations: list[Manifest], path: str, before: Manifest, patch: Manifest, after: Manifest
) -> None:
    for name, value in patch.items():
        here = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        old, new = before.get(name), after.get(name)
        if name not in after:
            if name in before:
                operations.append({"op": "remove", "path": here})
        elif isinstance(value, dict) and isinstance(old, dict) and isinstance(new, dict):
            _collect(operations, here, old, value, new)
        else:
            operations.append({"op": "add", "path": here, "value": new})

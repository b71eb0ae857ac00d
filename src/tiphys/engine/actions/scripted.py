"""What users' action scripts return, read as actions and as objects to write.

A script speaks in tables, and an empty table is a list as well as a map: where the live object has
an empty list, an empty map that comes back is that list.

Source: Argo CD operator manual, "Custom Resource Actions".
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tiphys.engine.actions.records import ActionError, ActionParameter, Impact, ResourceAction
from tiphys.model.keys import Manifest, key_of

_OPERATIONS: Final = ("create", "patch")
_MOST: Final = 100  # actions of one object, objects of one action


def discovered(result: Any) -> tuple[ResourceAction, ...]:
    """Return the actions that a discovery script found, sorted by name.

    Args:
        result: what the script returned, as JSON data: options by the name of an action.

    Raises:
        ActionError: it is no table of actions, or there are too many.
    """
    if result is None:
        return ()
    if not isinstance(result, Mapping):
        raise ActionError("discovery.lua must return a table of actions by name")
    if len(result) > _MOST:
        raise ActionError(f"discovery.lua returned more than {_MOST} actions")
    return tuple(_action(str(name), result[name]) for name in sorted(result))


def _action(name: str, options: Any) -> ResourceAction:
    # A list is what older scripts write for "no options": {paused}.
    found = options if isinstance(options, Mapping) else {}
    return ResourceAction(
        name=name,
        params=tuple(_parameters(found.get("params"))),
        disabled=found.get("disabled") is True,
        icon_class=_text(found.get("iconClass")),
        display_name=_text(found.get("displayName")),
    )


def _parameters(found: Any) -> Iterable[ActionParameter]:
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, Mapping) and entry.get("name"):
            yield ActionParameter(_text(entry["name"]), _text(entry.get("default")))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def scripted_impacts(live: Manifest, result: Any) -> tuple[Impact, ...]:
    """Return the objects that an action script wants written.

    Args:
        live: the object that the script was given.
        result: what it returned, as JSON data: that object, altered, or a list of
            `{"operation": "create" | "patch", "resource": {...}}`.

    Raises:
        ActionError: it is neither, or patches another object.
    """
    if isinstance(result, Mapping):
        return (_impact(live, "patch", result),)
    if not isinstance(result, list) or len(result) > _MOST:
        raise ActionError("action.lua must return an object, or a list of operations")
    return tuple(_entry(live, entry) for entry in result)


def _entry(live: Manifest, entry: Any) -> Impact:
    found = entry if isinstance(entry, Mapping) else {}
    return _impact(live, found.get("operation"), found.get("resource"))


def _impact(live: Manifest, operation: Any, resource: Any) -> Impact:
    if operation not in _OPERATIONS:
        raise ActionError(f"action.lua: operation `{_text(operation)[:40]}` is not create or patch")
    if not isinstance(resource, Mapping) or not _is_object(resource):
        raise ActionError("action.lua: a resource needs apiVersion, kind and metadata")
    manifest = _with_lists(dict(resource), live)
    if operation == "create":
        return Impact("create", manifest)
    if key_of(manifest) != key_of(live):
        raise ActionError("action.lua: only the object that the action runs on can be patched")
    return Impact("patch", manifest)


def _is_object(resource: Mapping[str, Any]) -> bool:
    has_type = all(isinstance(resource.get(key), str) for key in ("apiVersion", "kind"))
    return has_type and isinstance(resource.get("metadata"), Mapping)


def _with_lists(value: Any, live: Any) -> Any:
    """Return a value with the empty lists that its tables were before."""
    if isinstance(value, Mapping):
        if not value and isinstance(live, list):
            return []
        before = live if isinstance(live, Mapping) else {}
        return {key: _with_lists(entry, before.get(key)) for key, entry in value.items()}
    if isinstance(value, list):
        known = live if isinstance(live, list) else []
        padded = [*known, *[None] * len(value)]
        return [_with_lists(item, padded[index]) for index, item in enumerate(value)]
    return value

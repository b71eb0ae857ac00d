"""The words in which actions are written: what one changes of an object, or creates from it.

A change is given a copy of the live object and alters it. Paths are tuples, since keys of
annotations and labels hold dots.

Source: Argo CD operator manual, "Resource Actions".
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from tiphys.engine.actions.records import ActionError, Asked
from tiphys.engine.health.rules import get
from tiphys.model.keys import Manifest

Change: TypeAlias = Callable[[Manifest, Asked], None]
Path: TypeAlias = tuple[str, ...]

_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_MAX_NAME: Final = 63


def annotation(key: str) -> Path:
    """Return the path of an annotation."""
    return ("metadata", "annotations", key)


def label(key: str) -> Path:
    """Return the path of a label."""
    return ("metadata", "labels", key)


def put(manifest: Manifest, path: Path, value: Any) -> None:
    """Set a field, with the maps that lead to it."""
    at = manifest
    for step in path[:-1]:
        if not isinstance(at.get(step), dict):
            at[step] = {}
        at = at[step]
    at[path[-1]] = value


def drop(manifest: Manifest, path: Path) -> None:
    """Remove a field where it is."""
    at: Any = manifest
    for step in path[:-1]:
        at = at.get(step) if isinstance(at, dict) else None
    if isinstance(at, dict):
        at.pop(path[-1], None)


def setting(path: Path, value: Any) -> Change:
    """Return the change that sets a field."""
    return lambda manifest, _asked: put(manifest, path, value)


def dropping(*paths: Path) -> Change:
    """Return the change that removes fields."""

    def change(manifest: Manifest, _asked: Asked) -> None:
        for path in paths:
            drop(manifest, path)

    return change


def stamping(*paths: Path, prefix: str = "") -> Change:
    """Return the change that sets fields to the time of now, as RFC 3339."""

    def change(manifest: Manifest, asked: Asked) -> None:
        for path in paths:
            put(manifest, path, prefix + timestamp(asked))

    return change


def several(*changes: Change) -> Change:
    """Return the change that makes all of some."""

    def change(manifest: Manifest, asked: Asked) -> None:
        for each in changes:
            each(manifest, asked)

    return change


def replicas_of(asked: Asked) -> int:
    """Return the parameter `replicas`.

    Raises:
        ActionError: it is not given, or no number of at least 0.
    """
    given = asked.parameters.get("replicas")
    if given is None:
        raise ActionError("parameter `replicas` is required")
    if not (given.isascii() and given.isdecimal() and len(given) < 10):
        raise ActionError(f"parameter `replicas`: `{given[:40]}` is not a number of at least 0")
    return int(given)


def timestamp(asked: Asked) -> str:
    """Return the time of now as RFC 3339 in UTC."""
    return asked.now.strftime(_TIME)


def named_by_time(live: Manifest, asked: Asked, form: str = "%Y%m%d%H%M") -> str:
    """Return the object's name with the time of now behind it, cut to what a name may be."""
    suffix = f"-{asked.now.strftime(form)}"
    return str(get(live, "metadata.name"))[: _MAX_NAME - len(suffix)] + suffix


def owner_reference(live: Manifest, **more: Any) -> Manifest:
    """Return the reference by which a created object names the one that it was made from."""
    metadata = live.get("metadata") or {}
    return {
        "apiVersion": live.get("apiVersion"),
        "kind": live.get("kind"),
        "name": metadata.get("name"),
        "uid": metadata.get("uid"),
        **more,
    }

"""Reads Applications and projects from what the API server holds."""

import re
from typing import Any, TypeVar

import msgspec

from tiphys.model.application import Application
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import Manifest
from tiphys.model.project import AppProject

# Here null is data: it takes a chart's default away.
_FREE_FORM = frozenset({"valuesObject"})
_Record = TypeVar("_Record", Application, AppProject)


def decode_application(manifest: Manifest) -> Application:
    """Return the record of an Application manifest.

    A part of the status that makes no sense, or that only later versions know, counts as absent:
    the status is ours to write, and nobody could mend it otherwise.

    Raises:
        InvalidInputError: a field has the wrong shape; `where` names it.
    """
    return _decode(manifest, Application, "applications.argoproj.io")


def decode_project(manifest: Manifest) -> AppProject:
    """Return the record of an AppProject manifest.

    Raises:
        InvalidInputError: a field has the wrong shape; `where` names it.
    """
    return _decode(manifest, AppProject, "appprojects.argoproj.io")


def _decode(manifest: Manifest, record: type[_Record], resource: str) -> _Record:
    try:
        return msgspec.convert(manifest, record)
    except msgspec.ValidationError:
        # Rarely, a field is null where the record has no room for it; null means absent.
        return _decode_without_nulls(manifest, record, resource)


def _decode_without_nulls(manifest: Manifest, record: type[_Record], resource: str) -> _Record:
    manifest = without_nulls(manifest)
    try:
        return msgspec.convert(manifest, record)
    except msgspec.ValidationError as err:
        what, _, path = str(err).partition(" - at `$.")
        member = _member_of_status(path)
        if member in (manifest.get("status") or {}):
            status = {name: value for name, value in manifest["status"].items() if name != member}
            return _decode_without_nulls({**manifest, "status": status}, record, resource)
        metadata = manifest.get("metadata") or {}
        where = f"{resource}/{metadata.get('namespace', '')}/{metadata.get('name', '')}"
        raise InvalidInputError(
            what[:1].lower() + what[1:], where=f"{where}: {path.rstrip('`')}" if path else where
        ) from err


def _member_of_status(path: str) -> str:
    found = re.match(r"status\.(\w+)", path)
    return found[1] if found else ""


def without_nulls(value: Any) -> Any:
    """Return JSON data without the members whose value is null, at every depth but in values."""
    if isinstance(value, dict):
        return {
            name: member if name in _FREE_FORM else without_nulls(member)
            for name, member in value.items()
            if member is not None
        }
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value

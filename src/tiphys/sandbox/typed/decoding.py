"""Reads what a request sends as its kind's Go structs would hold it.

Source: the types of k8s.io/api (see apitypes.py); encoding/json, UnmarshalTypeError.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from tiphys.sandbox.statuses import StatusError, bad_request
from tiphys.sandbox.typed.kinds import Kind
from tiphys.sandbox.typed.scalars import DecodeError
from tiphys.sandbox.typed.structs import UnknownFieldError, decoded, decoded_metadata


class Read(NamedTuple):
    """An object as its type holds it.

    Attributes:
        manifest: the object; of a custom resource what was sent, but for its metadata.
        is_known: every field of a built-in one is known to its kind.
    """

    manifest: dict[str, Any]
    is_known: bool


def read_typed(kind: Kind, sent: dict[str, Any]) -> Read:
    """Return what was sent as its type holds it, its managedFields as they were.

    Raises:
        DecodeError: a value does not fit its field.
    """
    read = _read_custom(sent) if kind.is_custom else _read_built_in(kind, sent)
    owners = (sent.get("metadata") or {}).get("managedFields")
    if owners is not None:  # an empty list of them says something
        read.manifest["metadata"]["managedFields"] = owners
    return read


def read_changed(kind: Kind, manifest: dict[str, Any], complete: Collection[str]) -> dict[str, Any]:
    """Return an object as its type holds it, in its own order; what is complete is as it was.

    Raises:
        StatusError: a value does not fit its field.
    """
    changed = {name: value for name, value in manifest.items() if name not in complete}
    try:
        read = read_typed(kind, changed).manifest
    except DecodeError as err:
        raise unreadable(kind, err) from err
    whole = {**read, **{name: manifest[name] for name in complete}}
    ordered = {name: whole[name] for name in manifest if name in whole}
    return ordered if len(ordered) == len(whole) else {**whole, **ordered}


def _read_custom(sent: dict[str, Any]) -> Read:
    metadata = sent.get("metadata")
    found = {} if metadata is None else {"metadata": decoded_metadata(metadata)}
    return Read({**sent, **found}, is_known=True)


def _read_built_in(kind: Kind, sent: dict[str, Any]) -> Read:
    name = f"{kind.gvk.api_version}/{kind.kind}"
    try:
        return Read(decoded(sent, name, is_strict=True), is_known=True)
    except UnknownFieldError:
        return Read(decoded(sent, name), is_known=False)


def unreadable(kind: Kind, why: object) -> StatusError:
    """The body is no object of the kind."""
    return bad_request(
        f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}'
    )

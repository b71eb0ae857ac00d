"""Reads what a request sends as its kind's Go structs would hold it.

Source: the types of k8s.io/api (see apitypes.py); encoding/json, UnmarshalTypeError.
"""

from typing import Any, NamedTuple

from tiphys.sandbox.kinds import Kind
from tiphys.sandbox.statuses import StatusError, bad_request
from tiphys.sandbox.typed import UnknownFieldError, check_metadata, decoded


class Read(NamedTuple):
    """An object as its type holds it.

    Attributes:
        manifest: the object; of a custom resource what was sent.
        is_known: every field of a built-in one is known to its kind.
    """

    manifest: dict[str, Any]
    is_known: bool


def read_typed(kind: Kind, sent: dict[str, Any]) -> Read:
    """Return what was sent as its type holds it, its managedFields as they were.

    Raises:
        DecodeError: a value does not fit its field.
    """
    if kind.is_custom:
        check_metadata(sent.get("metadata"))
        return Read(sent, is_known=True)
    name = f"{kind.gvk.api_version}/{kind.kind}"
    try:
        manifest, is_known = decoded(sent, name, is_strict=True), True
    except UnknownFieldError:
        manifest, is_known = decoded(sent, name), False
    owners = (sent.get("metadata") or {}).get("managedFields")
    if owners is not None:  # an empty list of them says something
        manifest["metadata"]["managedFields"] = owners
    return Read(manifest, is_known)


def unreadable(kind: Kind, why: object) -> StatusError:
    """The body is no object of the kind."""
    return bad_request(
        f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}'
    )

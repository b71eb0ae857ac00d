"""Whether a request and its body fit the kind that its path names.

Source: apiserver, pkg/endpoints/handlers: create.go, update.go, rest.go.
"""

from collections.abc import Iterator
from typing import Any

from tiphys.sandbox.http.bodies import Body, repeated_fields, strict_problems
from tiphys.sandbox.http.requests import Request
from tiphys.sandbox.statuses import (
    StatusError,
    bad_request,
    invalid,
    no_such_resource,
    not_allowed,
    not_found,
)
from tiphys.sandbox.typed.decoding import unreadable
from tiphys.sandbox.typed.kinds import Kind, Kinds

_COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_OBJECT_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_SERVED_SUBRESOURCES = {"status", "scale", "finalize"}


def check_served(request: Request) -> None:
    """Refuse what nothing is served at, and methods that are not served there.

    Raises:
        StatusError: 404 or 405; 501 for a subresource that a sandbox does not have.
    """
    kind = request.kind
    if request.subresource:
        _check_subresource(request)
        return
    if kind.namespaced and not request.namespace:
        if request.name:
            raise no_such_resource()
        if request.method != "GET":
            raise not_allowed()
    verbs = _OBJECT_VERBS if request.name else _COLLECTION_VERBS
    if verbs.get(request.method) not in kind.verbs:
        raise not_allowed()


def _check_subresource(request: Request) -> None:
    kind, subresource = request.kind, request.subresource
    if subresource not in kind.subresources:
        if kind.is_custom:
            raise not_found(kind.plural, kind.group, request.name)
        raise no_such_resource()
    if request.method == "POST":
        return
    if subresource not in _SERVED_SUBRESOURCES:
        text = f"the sandbox does not have the subresource {kind.plural}/{subresource}"
        raise StatusError(501, "NotImplemented", text, {})
    if request.method not in {"GET", "PUT", "PATCH"}:
        raise not_allowed()
    if subresource == "finalize" and request.method != "PUT":
        raise not_allowed()


def check_kind(kinds: Kinds, request: Request, manifest: dict[str, Any]) -> None:
    """Refuse an object of another kind or version than the path names.

    Raises:
        StatusError: it is.
    """
    kind = request.kind
    version, name = manifest.get("apiVersion"), manifest.get("kind")
    wanted = kind.gvk.api_version
    if kind.is_custom:
        _check_custom_kind(request, manifest)
    elif request.subresource == "scale" or (version or wanted, name or kind.kind) == (
        wanted,
        kind.kind,
    ):
        return
    elif kinds.of((version or wanted).rpartition("/")[0], name or kind.kind):
        internal = (kind.group or "core").partition(".")[0]
        sent = (version or wanted).rpartition("/")[2]
        raise bad_request(
            f'{name} in version "{sent}" cannot be handled as a {kind.kind}: converting '
            f"({sent}.{name}) to ({internal}.{kind.kind}): unknown conversion"
        )
    else:
        raise unreadable(
            kind,
            f'no kind "{name or kind.kind}" is registered for version "{version or wanted}" in '
            'scheme "pkg/runtime/scheme.go:111"',
        )


def _check_custom_kind(request: Request, manifest: dict[str, Any]) -> None:
    kind, wanted = request.kind, request.kind.gvk.api_version
    version, name = manifest.get("apiVersion"), manifest.get("kind")
    text = request.body[:30].decode(errors="replace")
    for field, value in (("Kind", name), ("apiVersion", version)):
        if not value:
            shown = f"{text} ..." if len(request.body) > 30 else text
            whole = request.body.decode(errors="replace")
            raise bad_request(
                f"the object provided is unrecognized (must be of type {kind.kind}): Object "
                f"'{field}' is missing in '{whole}' ({shown})"
            )
    if version != wanted:
        raise bad_request(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({wanted})"
        )
    if name != kind.kind:
        object_name = (manifest.get("metadata") or {}).get("name", "")
        text = f'Invalid value: "{name}": must be {kind.kind}'
        raise invalid(str(name), kind.group, object_name, [("kind", "FieldValueInvalid", text)])


def check_named(request: Request, manifest: dict[str, Any]) -> None:
    """Refuse an update of an object with another name, or none.

    Raises:
        StatusError: it has.
    """
    metadata = manifest.get("metadata") or {}
    name = metadata.get("name")
    if not name:
        raise bad_request(
            f"the name of the object ({request.name} based on URL) was undeterminable: name must "
            "be provided"
        )
    if name != request.name:
        raise bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({request.name})"
        )
    namespace = metadata.get("namespace")
    if request.kind.namespaced and namespace and namespace != request.namespace:
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def check_version_given(request: Request, manifest: dict[str, Any]) -> None:
    """Refuse to replace a custom resource without saying which version of it.

    Raises:
        StatusError: none is named.
    """
    kind = request.kind
    if kind.is_custom and not (manifest.get("metadata") or {}).get("resourceVersion"):
        text = "Invalid value: 0: must be specified for an update"
        problem = ("metadata.resourceVersion", "FieldValueInvalid", text)
        raise invalid(kind.plural, kind.group, request.name, [problem])


def check_applied(request: Request, body: Body, *, is_there: bool) -> None:
    """Refuse an applied configuration of something else, or with keys that appear twice.

    An object that is there already has a name; the configuration may leave it out.

    Raises:
        StatusError: it is, or Strict is asked for and it has some.
    """
    if body.repeated and request.write.validation == "Strict":
        lines = "".join(f"\n  {line}" for line in body.repeated)
        raise bad_request(
            f"error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:"
            f"{lines}"
        )
    kind, manifest = request.kind, body.value
    group, _, version = str(manifest.get("apiVersion") or "").rpartition("/")
    wanted = (kind.group, kind.version, kind.kind)
    if request.subresource == "scale":
        wanted = ("autoscaling", "v1", "Scale")
    if (group, version, manifest.get("kind")) != wanted:
        what = f"{group}/{version}, Kind={manifest.get('kind') or ''}"
        raise bad_request(f"invalid object type: {what}")
    metadata = manifest.get("metadata") or {}
    if isinstance(metadata, dict) and metadata.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    if metadata.get("name") or not is_there:
        check_named(request, manifest)


def strictly(kinds: Kinds, kind: Kind, body: Body) -> Iterator[str]:
    """Yield what a strict reader says of a body; of a custom kind's, what no schema is needed for.

    Keys that appear twice in YAML come first, as one text when there are several.
    """
    yield from body.repeated
    if not kind.is_custom:
        value = body.value if body.raw is None else body.raw
        yield from strict_problems(value, kinds.type_of(kind))
        return
    yield from repeated_fields(body.raw)
    metadata = body.value.get("metadata")
    part = kinds.type_of(kind).map
    if isinstance(metadata, dict) and part is not None:
        yield from strict_problems(metadata, part.fields["metadata"], "metadata")

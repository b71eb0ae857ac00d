"""Failures as the API server words them: a Status with reason, code and causes.

Source: Kubernetes API conventions, "Response Status Kind".
"""

from typing import Any


class StatusError(Exception):
    """A request that fails; `body` is the Status to answer with.

    Attributes:
        warnings: what the server warned of before it failed.
    """

    def __init__(self, code: int, reason: str, message: str, details: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.warnings: list[str] = []
        self.body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            **({"reason": reason} if reason else {}),
            **({"details": details} if details is not None else {}),
            "code": code,
        }


def qualified(plural: str, group: str) -> str:
    """Return a resource's name as messages have it: "deployments.apps"."""
    return f"{plural}.{group}" if group else plural


def not_found(plural: str, group: str, name: str) -> StatusError:
    """There is no such object."""
    details = {"name": name, **({"group": group} if group else {}), "kind": plural}
    return StatusError(404, "NotFound", f'{qualified(plural, group)} "{name}" not found', details)


def no_such_resource() -> StatusError:
    """There is no such kind."""
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def not_allowed() -> StatusError:
    """Nothing of that method is to be had there."""
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def already_exists(plural: str, group: str, name: str) -> StatusError:
    """An object of that name is there already."""
    details = {"name": name, **({"group": group} if group else {}), "kind": plural}
    return StatusError(
        409, "AlreadyExists", f'{qualified(plural, group)} "{name}" already exists', details
    )


def conflict(plural: str, group: str, name: str, why: str) -> StatusError:
    """The object is not what the request was made for."""
    details = {"name": name, **({"group": group} if group else {}), "kind": plural}
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return StatusError(409, "Conflict", message, details)


def terminating(plural: str, group: str, name: str, namespace: str) -> StatusError:
    """The namespace takes nothing new."""
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {namespace} is being terminated",
        "field": "metadata.namespace",
    }
    text = (
        f'{qualified(plural, group)} "{name}" is forbidden: unable to create new content in '
        f"namespace {namespace} because it is being terminated"
    )
    details = {"name": name, **({"group": group} if group else {}), "kind": plural}
    return StatusError(403, "Forbidden", text, {**details, "causes": [cause]})


MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def bad_request(message: str) -> StatusError:
    """The request is malformed."""
    return StatusError(400, "BadRequest", message)


def invalid(kind: str, group: str, name: str, errors: list[tuple[str, str, str]]) -> StatusError:
    """The object breaks rules; each error is (field, reason, message without the field)."""
    texts = [f"{field}: {message}" for field, _, message in errors]
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = {
        **({"name": name} if name else {}),
        **({"group": group} if group else {}),
        **({"kind": kind} if kind else {}),
        "causes": [
            {"reason": reason, "message": message, "field": field}
            for field, reason, message in errors
        ],
    }
    named = f"{kind}.{group}" if group else kind
    return StatusError(422, "Invalid", f'{named} "{name}" is invalid: {listed}', details)

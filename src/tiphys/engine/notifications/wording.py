"""What goes into a message: the variables of templates, and which templates a service needs.

Source: Argo CD operator manual, "Notifications, Templates".
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from tiphys.engine.notifications.configuration import (
    Configuration,
    Destination,
    ServiceConfig,
    Template,
)

_SEPARATOR: Final = "\n"
_DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "github": {
        "repoURLPath": "{{.app.spec.source.repoURL}}",
        "revisionPath": "{{.app.status.operationState.syncResult.revision}}",
    }
}
"""Fields of a service's block that a template may leave out."""
_MIN_SECRET: Final = 4


def variables_of(
    configuration: Configuration,
    service: ServiceConfig,
    destination: Destination,
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what templates may look at.

    Args:
        configuration: gives `context`, and `secrets` unless it is a self-service one.
        service: gives `serviceType`.
        destination: gives `recipient`.
        about: `app` and `appProject`, or `old`, `new` and more of a watch rule.
    """
    shown = dict(about)
    if isinstance(shown.get("appProject"), Mapping):
        shown["appProject"] = without_tokens(shown["appProject"])
    shown |= {
        "context": {**configuration.context, "notificationType": service.type},
        "serviceType": service.type,
        "recipient": destination.recipient,
    }
    if configuration.is_central:
        shown["secrets"] = dict(configuration.secrets)
    return shown


def without_tokens(project: Mapping[str, Any]) -> dict[str, Any]:
    """Return a project without what names the tokens of its roles."""
    spec = project.get("spec") or {}
    roles = [
        {name: value for name, value in role.items() if name != "jwtTokens"}
        for role in spec.get("roles") or []
        if isinstance(role, Mapping)
    ]
    kept = {name: value for name, value in project.items() if name != "status"}
    return {**kept, "spec": {**spec, **({"roles": roles} if roles else {})}}


def sources_of(template: Template, service: ServiceConfig) -> dict[str, str]:
    """Return the strings of a template that a service needs, by their path in it.

    The message, and the block of the service's type; of a webhook the block under its name.
    """
    wanted = {"message": template.body.get("message") or "", "block": _block(template, service)}
    return {
        _SEPARATOR.join(path): text for path, text in _strings(wanted, ()) if isinstance(text, str)
    }


def filled(template: Template, service: ServiceConfig, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the block that a service needs, its strings replaced by what they rendered to."""
    block = _block(template, service)
    result: dict[str, Any] = _replaced(block, ("block",), texts)
    return result


def _block(template: Template, service: ServiceConfig) -> Mapping[str, Any]:
    block = template.body.get(service.type)
    if service.type == "webhook":
        block = block.get(service.name) if isinstance(block, Mapping) else None
    if not isinstance(block, Mapping):
        return {}
    return {**_DEFAULTS.get(service.type, {}), **block}


def _strings(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _strings(item, (*path, str(name)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, str(index)))
    else:
        yield path, value


def _replaced(value: Any, path: tuple[str, ...], texts: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {
            str(name): _replaced(item, (*path, str(name)), texts) for name, item in value.items()
        }
    if isinstance(value, list):
        return [_replaced(item, (*path, str(at)), texts) for at, item in enumerate(value)]
    return texts.get(_SEPARATOR.join(path), value) if isinstance(value, str) else value


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return a text in one line, cut, and with asterisks where it held a secret."""
    line = " ".join(text.split())
    for secret in sorted(secrets, key=len, reverse=True):
        for part in {secret, " ".join(secret.split())}:
            if len(part) >= _MIN_SECRET:
                line = line.replace(part, "******")
    return line[:256]

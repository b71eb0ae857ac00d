"""Reads `argocd-notifications-cm` and `argocd-notifications-secret`.

An entry that cannot be read is left out and leaves a line in `Configuration.problems`: a mistake in
one template must not silence all others.

Source: Argo CD operator manual, "Notifications", argocd-notifications-cm.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
import yaml

from tiphys.engine.notifications.configuration import (
    Condition,
    Configuration,
    Destination,
    ServiceConfig,
    Subscription,
    Template,
    Trigger,
    WatchRule,
)
from tiphys.engine.selectors import parse_selector
from tiphys.model.errors import InvalidInputError
from tiphys.model.source import Record

CONFIG_MAP: Final = "argocd-notifications-cm"
SECRET: Final = "argocd-notifications-secret"  # noqa: S105  # the name of one

_SECRET: Final = re.compile(r"\$([-A-Za-z0-9_.]+)")
_EVENTS: Final = frozenset({"create", "update", "delete"})
_MAX_NESTING: Final = 20


class _WrittenSubscription(Record, frozen=True):
    recipients: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    selector: str = ""


class _WrittenWatch(Record, frozen=True, forbid_unknown_fields=True):
    kind: str
    group: str = ""
    version: str = ""
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    selector: str = ""
    on: tuple[str, ...] = ("create", "update", "delete")
    when: str = ""
    once_per: str = ""
    send: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()


def parse_notifications(
    data: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    namespace: str,
    is_central: bool = True,
) -> Configuration:
    """Return what a ConfigMap and a Secret configure.

    Args:
        data: of the ConfigMap.
        secrets: of the Secret, decoded.
        namespace: where both stand.
        is_central: False for a namespace of a team (self-service).
    """
    reader = _Reader(data, secrets)
    defaults = reader.family("defaultTriggers.", _names)
    defaults[""] = reader.one("defaultTriggers", _names) or ()
    triggers = reader.family("trigger.", _conditions)
    return Configuration(
        namespace=namespace,
        is_central=is_central,
        triggers={
            name: Trigger(name=name, conditions=conditions) for name, conditions in triggers.items()
        },
        templates={
            name: Template(name=name, body=body)
            for name, body in reader.family("template.", _mapping).items()
        },
        services=reader.services(),
        subscriptions=tuple(reader.one("subscriptions", _subscriptions) or ()),
        default_triggers=defaults,
        watches=tuple(reader.watches()) if is_central else (),
        context=reader.one("context", _context) or {},
        secrets=dict(secrets) if is_central else {},
        problems=tuple(reader.problems),
    )


class _Reader:
    def __init__(self, data: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self._data, self._secrets = data, secrets
        self.problems: list[str] = []

    def one(self, key: str, convert: Callable[[Any], Any]) -> Any:
        """Return the value of a key, None when it is missing or cannot be read."""
        text = self._data.get(key) or ""
        if not text.strip():
            return None
        try:
            return convert(yaml.safe_load(text))
        except yaml.MarkedYAMLError as err:
            line = f" in line {err.problem_mark.line + 1}" if err.problem_mark else ""
            self.problems.append(f"{CONFIG_MAP}: {key}: is not YAML: {err.problem}{line}")
        except (ValueError, TypeError, yaml.YAMLError, InvalidInputError, RecursionError) as err:
            self.problems.append(f"{CONFIG_MAP}: {key}: {' '.join(str(err).split())[:200]}")
        return None

    def family(self, prefix: str, convert: Callable[[Any], Any]) -> dict[str, Any]:
        """Return the readable values of all keys with a prefix, by the rest of the key."""
        found = {
            key.removeprefix(prefix): self.one(key, convert)
            for key in sorted(self._data)
            if key.startswith(prefix) and key != prefix
        }
        return {name: value for name, value in found.items() if value is not None}

    def services(self) -> dict[str, ServiceConfig]:
        found: dict[str, ServiceConfig] = {}
        for key in sorted(self._data):
            if not key.startswith("service."):
                continue
            kind, _, custom = key.removeprefix("service.").partition(".")
            # Some services, Alertmanager without a login for one, can do without any option.
            options = self.one(key, _mapping) if self._data[key].strip() else {}
            if options is None:
                continue
            name = custom or kind
            filled = _filled(options, self._secrets, 0)
            found[name] = ServiceConfig(name=name, type=kind, options=filled)
        return found

    def watches(self) -> Iterator[WatchRule]:
        for name, written in self.family("watch.", _watch).items():
            yield WatchRule(
                name=name,
                kind=written.kind,
                group=written.group,
                version=written.version,
                clusters=written.clusters,
                namespaces=written.namespaces,
                selector=written.selector,
                events=written.on,
                when=written.when,
                once_per=written.once_per,
                send=written.send,
                destinations=tuple(map(Destination.parse, written.recipients)),
            )


def _names(value: Any) -> tuple[str, ...]:
    return msgspec.convert(value or [], tuple[str, ...])


def _conditions(value: Any) -> tuple[Condition, ...]:
    """Return the conditions of a trigger; a single one may stand without a list."""
    return msgspec.convert([value] if isinstance(value, dict) else value, tuple[Condition, ...])


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("expected a mapping")
    return {str(key): item for key, item in value.items()}


def _context(value: Any) -> dict[str, str]:
    return {key: "" if item is None else str(item) for key, item in _mapping(value).items()}


def _subscriptions(value: Any) -> list[Subscription]:
    subscriptions = msgspec.convert(value or [], list[_WrittenSubscription])
    for written in subscriptions:
        parse_selector(written.selector)
    return [
        Subscription(
            destinations=tuple(map(Destination.parse, written.recipients)),
            triggers=written.triggers,
            selector=written.selector,
        )
        for written in subscriptions
    ]


def _watch(value: Any) -> _WrittenWatch:
    # YAML 1.1 reads the key `on` as true.
    fields = {"on" if key is True else key: item for key, item in (value or {}).items()}
    written = msgspec.convert(fields, _WrittenWatch)
    if unknown := sorted(set(written.on) - _EVENTS):
        raise ValueError(f"`{unknown[0]}` is not one of create, update, delete")
    parse_selector(written.selector)
    return written


def _filled(value: Any, secrets: Mapping[str, str], depth: int) -> Any:
    """Return an option with `$name` replaced by what the Secret has; an unknown name stays."""
    if depth > _MAX_NESTING:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        return {str(key): _filled(item, secrets, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, secrets, depth + 1) for item in value]
    if not isinstance(value, str):
        return value
    return _SECRET.sub(lambda match: secrets.get(match[1], match[0]), value)

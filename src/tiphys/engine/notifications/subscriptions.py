"""Who is to be told what about an Application.

Source: Argo CD operator manual, "Notifications, Subscriptions".
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import yaml

from tiphys.engine.notifications.configuration import Configuration, Destination
from tiphys.engine.selectors import parse_selector

PREFIX: Final = "notifications.argoproj.io/"
_MAX_YAML: Final = 64 * 1024

Subscribed = dict[str, tuple[Destination, ...]]
"""Destinations by the name of a trigger, sorted, each once."""

_selector = lru_cache(maxsize=256)(parse_selector)


def subscriptions_of(
    app: Mapping[str, Any],
    project: Mapping[str, Any] | None,
    configuration: Configuration,
) -> Subscribed:
    """Return what an Application is subscribed to.

    Args:
        app: the Application; its own annotations count, and its labels for selectors.
        project: its AppProject, whose annotations count for all its Applications.
        configuration: adds subscriptions by selector, and the triggers of those that name none.
    """
    found: dict[str, set[Destination]] = {}
    metadata = app.get("metadata") or {}
    annotated = [metadata, (project or {}).get("metadata") or {}]
    for owner in annotated:
        for trigger, destination in _annotated(owner.get("annotations") or {}, configuration):
            found.setdefault(trigger, set()).add(destination)
    for subscription in configuration.subscriptions:
        if not _selector(subscription.selector)(metadata.get("labels") or {}):
            continue
        for destination in subscription.destinations:
            triggers = subscription.triggers or configuration.triggers_for(destination.service)
            for trigger in triggers:
                found.setdefault(trigger, set()).add(destination)
    return {trigger: tuple(sorted(found[trigger])) for trigger in sorted(found)}


def _annotated(
    annotations: Mapping[str, str], configuration: Configuration
) -> Iterator[tuple[str, Destination]]:
    for key, value in annotations.items():
        if not key.startswith(PREFIX):
            continue
        name = key.removeprefix(PREFIX)
        if name.startswith("subscribe."):
            yield from _subscribed(name.removeprefix("subscribe."), value or "", configuration)
        elif name == "subscriptions":
            yield from _listed(value or "", configuration)


def _subscribed(
    name: str, value: str, configuration: Configuration
) -> Iterator[tuple[str, Destination]]:
    trigger, separator, service = name.partition(".")
    if not separator:
        trigger, service = "", name
    triggers = (trigger,) if trigger else configuration.triggers_for(service)
    recipients = [part.strip() for part in value.split(";")] if value.strip() else [""]
    for recipient in recipients:
        for one in triggers:
            yield one, Destination(service, recipient)


def _listed(text: str, configuration: Configuration) -> Iterator[tuple[str, Destination]]:
    for entry in _entries(text):
        named = [*_strings(entry.get("trigger")), *_strings(entry.get("triggers"))]
        destinations = entry.get("destinations")
        for destination in destinations if isinstance(destinations, list) else []:
            if not isinstance(destination, dict) or not destination.get("service"):
                continue
            service = str(destination["service"])
            recipients = _strings(destination.get("recipients")) or [""]
            for trigger in named or configuration.triggers_for(service):
                for recipient in recipients:
                    yield trigger, Destination(service, recipient)


def _entries(text: str) -> list[dict[str, Any]]:
    try:
        entries = yaml.safe_load(text) if len(text) <= _MAX_YAML else None
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    return (
        [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    )


def _strings(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value if item is not None]
    return [] if value in {None, ""} else [str(value)]

"""The configuration of notifications: triggers, templates, services, subscriptions, watch rules.

Source: Argo CD operator manual, "Notifications", Triggers, Templates, Subscriptions.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from tiphys.model.source import Record


class Condition(Record, frozen=True):
    """One condition of a trigger, and the templates that it sends.

    Attributes:
        when: an expression that gives a boolean; "" for never.
        send: names of templates.
        once_per: an expression; as long as its value stays the same, nothing is sent again.
    """

    when: str = ""
    send: tuple[str, ...] = ()
    once_per: str = ""
    description: str = ""

    def key(self, index: int) -> str:
        """Return what stands for this condition in the delivery state.

        Argo CD's form, so that neither of the two sends again what the other has sent.
        """
        digest = hashlib.sha1(self.when.encode(), usedforsecurity=False).digest()
        return f"[{index}].{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions under one name that people subscribe to."""

    name: str
    conditions: tuple[Condition, ...]


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """What a notification says.

    Attributes:
        name: of the key `template.<name>`.
        body: `{"message": str, "<service type>": {...}}`; strings within are Go templates.
    """

    name: str
    body: Mapping[str, Any]


class ServiceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How a service is reached.

    Attributes:
        name: what subscriptions call it.
        type: which service it is: "slack", "webhook", ...
        options: as written, secrets filled in; never shown to anybody.
    """

    name: str
    type: str
    options: Mapping[str, Any]


class Destination(Record, frozen=True, order=True):
    """Where a notification goes: a service by its name, and whom it is for there."""

    service: str
    recipient: str = ""

    @classmethod
    def parse(cls, text: str) -> "Destination":
        """Return the destination of "service:recipient"."""
        service, _, recipient = text.strip().partition(":")
        return cls(service, recipient)


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription for all Applications that a selector matches.

    Attributes:
        triggers: names; empty for the default ones.
        selector: of labels, as Kubernetes writes it: "team=web,tier!=1"; "" matches all.
    """

    destinations: tuple[Destination, ...]
    triggers: tuple[str, ...] = ()
    selector: str = ""


class WatchRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that tells about objects of one kind, in any cluster.

    Attributes:
        group: "" for the core group.
        version: "" for the one that the cluster prefers.
        clusters: names or addresses, with globs; empty for all.
        namespaces: with globs; empty for all.
        selector: of labels.
        events: of "create", "update", "delete".
        when: an expression over `old`, `new` and `event`; "" for always.
        once_per: see `Condition`.
        send: names of templates.
    """

    name: str
    kind: str
    group: str = ""
    version: str = ""
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    selector: str = ""
    events: tuple[str, ...] = ("create", "update", "delete")
    when: str = ""
    once_per: str = ""
    send: tuple[str, ...] = ()
    destinations: tuple[Destination, ...] = ()


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """One namespace's configuration.

    Attributes:
        namespace: where it stands.
        is_central: False in self-service mode, where teams configure their own namespace.
        default_triggers: for subscriptions that name none; by service name, "" for the others.
        secrets: of `argocd-notifications-secret`; empty in self-service mode.
        problems: one line for each entry that could not be read.
    """

    namespace: str = ""
    is_central: bool = True
    triggers: Mapping[str, Trigger] = {}
    templates: Mapping[str, Template] = {}
    services: Mapping[str, ServiceConfig] = {}
    subscriptions: tuple[Subscription, ...] = ()
    default_triggers: Mapping[str, tuple[str, ...]] = {}
    watches: tuple[WatchRule, ...] = ()
    context: Mapping[str, str] = {}
    secrets: Mapping[str, str] = {}
    problems: tuple[str, ...] = ()

    def triggers_for(self, service: str) -> tuple[str, ...]:
        """Return the triggers of a subscription that names none."""
        return self.default_triggers.get(service) or self.default_triggers.get("", ())

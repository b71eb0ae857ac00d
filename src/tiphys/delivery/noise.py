"""Changes of live objects that change nothing we look at: `ignoreResourceUpdates`.

Source: Argo CD operator manual, "Reconcile Optimization". A change that is ignored but alters an
object's health counts all the same.
"""

from tiphys.delivery.health import HealthChecks
from tiphys.delivery.installation import Installation
from tiphys.engine.ignoring import Ignored, IgnoreRule, compile_rules, select_rules
from tiphys.engine.notifications.state import STATE_ANNOTATIONS
from tiphys.kube.live_store import digest_of
from tiphys.languages.jq import Deletion, unchecked_deletion
from tiphys.model.keys import Manifest, ResourceKey, key_of
from tiphys.settings.settings import Settings


class Noise:
    """Tells what of a live object is worth a look when it changes."""

    def __init__(self, installation: Installation, health: HealthChecks) -> None:
        self._installation, self._health = installation, health
        self._read: Settings | None = None
        self._rules: tuple[IgnoreRule, ...] = ()

    def takes_time(self, key: ResourceKey) -> bool:
        """Return whether users' programs decide about an object: then only `is_noise` can tell."""
        rules = select_rules(self._current_rules(), key)
        return bool(rules) and (
            self._health.has_script(key.group_kind) or any(_needs_worker(rule) for rule in rules)
        )

    def without(self, live: Manifest) -> Manifest:
        """Return a live object without the noise; what equals it needs no look."""
        key = key_of(live)
        return live if self.takes_time(key) else self._quiet(live)

    async def is_noise(self, before: Manifest, after: Manifest) -> bool:
        """Return whether a change of an object needs no look."""
        look = self._installation.look()
        return await look.settle(
            lambda: digest_of(self._quiet(before)) == digest_of(self._quiet(after))
        )

    def _quiet(self, live: Manifest) -> Manifest:
        if live.get("kind") == "Application":
            live = _without_delivery_state(live)
        rules = select_rules(self._current_rules(), key_of(live))
        if not rules:
            return live
        managed = (live.get("metadata") or {}).get("managedFields") or ()
        health = self._health.of(live)
        quiet = Ignored(rules, managed).strip(live)
        return {**quiet, "health": None if health is None else [health.status, health.message]}

    def _current_rules(self) -> tuple[IgnoreRule, ...]:
        settings = self._installation.settings
        if settings is not self._read:
            self._rules, _ = compile_rules(settings.ignored_updates(), unchecked_deletion)
            self._read = settings
        return self._rules


def _needs_worker(rule: IgnoreRule) -> bool:
    return any(isinstance(part, Deletion) and part.needs_worker for part in rule.transforms)


def _without_delivery_state(app: Manifest) -> Manifest:
    """Return an Application without the annotations that only tell what was notified."""
    metadata = app.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if not STATE_ANNOTATIONS & annotations.keys():
        return app
    kept = {key: value for key, value in annotations.items() if key not in STATE_ANNOTATIONS}
    return {**app, "metadata": {**metadata, "annotations": kept}}

"""Changes of live objects that change nothing we look at: `ignoreResourceUpdates`.

Source: Argo CD operator manual, "Reconcile Optimization". A change that is ignored but alters an
object's health counts all the same.
"""

from collections.abc import Callable

from tiphys.delivery.installation import Installation
from tiphys.engine.ignoring import Ignored, IgnoreRule, compile_rules, select_rules
from tiphys.model.application import HealthStatus
from tiphys.model.keys import Manifest, key_of
from tiphys.settings.settings import Settings


class Noise:
    """Tells what of a live object is worth a look when it changes."""

    def __init__(
        self, installation: Installation, health: Callable[[Manifest], HealthStatus | None]
    ) -> None:
        self._installation, self._health = installation, health
        self._read: Settings | None = None
        self._rules: tuple[IgnoreRule, ...] = ()

    def without(self, live: Manifest) -> Manifest:
        """Return a live object without the noise; what equals it needs no look."""
        rules = select_rules(self._current_rules(), key_of(live))
        if not rules:
            return live
        managed = (live.get("metadata") or {}).get("managedFields") or ()
        health = self._health(live)
        quiet = Ignored(rules, managed).strip(live)
        return {**quiet, "health": None if health is None else [health.status, health.message]}

    def _current_rules(self) -> tuple[IgnoreRule, ...]:
        settings = self._installation.settings
        if settings is not self._read:
            entries = settings.ignored_updates()
            self._rules = compile_rules(entries, self._installation.compile_jq)[0]
            self._read = settings
        return self._rules

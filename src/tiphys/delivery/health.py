"""Health of live objects, with the user's own Lua checks where there are any."""

from collections.abc import Callable

from tiphys.delivery.installation import Installation
from tiphys.engine.health.resource import resource_health
from tiphys.languages.health import health_check
from tiphys.model.application import HealthStatus
from tiphys.model.keys import GroupKind, Manifest, key_of
from tiphys.settings.customizations import HealthScript

Check = Callable[[Manifest], HealthStatus | None]


class HealthChecks:
    """All health checks of an installation."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._compiled: dict[HealthScript, Check] = {}

    def of(self, live: Manifest) -> HealthStatus | None:
        """Return the health of a live object, None for a kind without a check.

        Raises:
            UnansweredError: a script of the user's has to run first; see `Look.settle`.
        """
        return resource_health(
            live,
            self._override(key_of(live).group_kind),
            has_standard=self._installation.settings.standard_conditions_enabled,
        )

    def has_script(self, kind: GroupKind) -> bool:
        """Return whether the user has a check of their own for a kind."""
        return self._installation.settings.customizations.health_script(kind) is not None

    def _override(self, kind: GroupKind) -> Check | None:
        script = self._installation.settings.customizations.health_script(kind)
        if script is None:
            return None
        if script not in self._compiled:
            self._compiled[script] = health_check(script.script)
        return self._compiled[script]

"""Which configurations are in force: the central one, and those of teams (self-service)."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Final

from tiphys.delivery.installation import Installation
from tiphys.engine.globs import matches
from tiphys.engine.notifications.configuration import Configuration
from tiphys.kube.client import KubeClient
from tiphys.model.errors import TiphysError
from tiphys.model.keys import GroupVersionKind, Manifest
from tiphys.settings.notifications import CONFIG_MAP, SECRET, parse_notifications
from tiphys.settings.secrets import decode_secret

log = logging.getLogger(__name__)

_TEAM_FRESH_S: Final = 30.0
_CONFIG_MAPS: Final = GroupVersionKind("", "v1", "ConfigMap")
_SECRETS: Final = GroupVersionKind("", "v1", "Secret")


class Configurations:
    """Reads configurations, each anew when its objects have changed."""

    def __init__(self, installation: Installation, home: KubeClient) -> None:
        self._installation, self._home = installation, home
        self._central: tuple[tuple[str, str], Configuration] | None = None
        self._teams: dict[str, tuple[float, Configuration | None]] = {}

    @property
    def central(self) -> Configuration:
        """The configuration of the installation's own namespace."""
        namespace = self._installation.namespace
        collections = self._installation.collections
        config_map = collections.config_maps.get(f"{namespace}/{CONFIG_MAP}") or {}
        secret = collections.secrets.get(f"{namespace}/{SECRET}") or {}
        versions = _version(config_map), _version(secret)
        if self._central is None or self._central[0] != versions:
            found = _parsed(config_map, secret, namespace, is_central=True)
            self._central = versions, found
        return self._central[1]

    async def of(self, namespace: str) -> tuple[Configuration, ...]:
        """Return the configurations that apply to the Applications of a namespace.

        In a namespace of a team both its own and the central one do.
        """
        settings = self._installation.settings
        is_own = namespace == self._installation.namespace
        if is_own or not settings.notifications_self_service:
            return (self.central,)
        if not any(matches(pattern, namespace) for pattern in settings.application_namespaces):
            return (self.central,)
        team = await self._team(namespace)
        return (self.central,) if team is None else (self.central, team)

    async def _team(self, namespace: str) -> Configuration | None:
        read_at, known = self._teams.get(namespace, (-_TEAM_FRESH_S, None))
        if time.monotonic() - read_at < _TEAM_FRESH_S:
            return known
        try:
            config_map, secret = await asyncio.gather(
                self._home.get(_CONFIG_MAPS, namespace, CONFIG_MAP),
                self._home.get(_SECRETS, namespace, SECRET),
            )
        except TiphysError as err:
            fields = {"team_namespace": namespace, "error": err.line}
            log.warning("a team's configuration cannot be read", extra=fields)
            return known
        found = None
        if config_map is not None:
            found = _parsed(config_map, secret or {}, namespace, is_central=False)
        self._teams[namespace] = time.monotonic(), found
        return found


def _parsed(
    config_map: Manifest, secret: Manifest, namespace: str, *, is_central: bool
) -> Configuration:
    data: Mapping[str, str] = config_map.get("data") or {}
    found = parse_notifications(
        data, decode_secret(secret), namespace=namespace, is_central=is_central
    )
    for problem in found.problems:
        fields = {"problem": problem, "in_namespace": namespace}
        log.warning("notifications not understood", extra=fields)
    return found


def _version(manifest: Manifest) -> str:
    return str((manifest.get("metadata") or {}).get("resourceVersion", ""))

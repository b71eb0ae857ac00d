"""Keeps us from writing while an Argo CD application controller serves the same namespace."""

import logging
from collections.abc import Callable

from tiphys.engine.rivals import living_rivals
from tiphys.kube.informer import Informer
from tiphys.model.keys import Manifest

log = logging.getLogger(__name__)


class Rivals:
    """Follows the Pods of our namespace; says each time that a rival comes or goes."""

    def __init__(self, pods: Informer) -> None:
        self._pods = pods
        self._names: list[str] = []
        self._gone_listeners: list[Callable[[], None]] = []
        pods.subscribe(self._changed)
        self._look()

    @property
    def are_alive(self) -> bool:
        """True while nothing may be written."""
        return bool(self._names)

    def on_gone(self, listener: Callable[[], None]) -> None:
        """Be told when the last rival is gone."""
        self._gone_listeners.append(listener)

    def _changed(self, key: str, before: Manifest | None, after: Manifest | None) -> None:
        del key, before, after
        self._look()

    def _look(self) -> None:
        had_rivals, self._names = self.are_alive, living_rivals(self._pods.objects())
        if self.are_alive and not had_rivals:
            log.warning(
                "read-only: an Argo CD application controller serves this namespace",
                extra={
                    "pods": self._names,
                    "hint": "Scale it to zero, or start tiphys with --take-over.",
                },
            )
        elif had_rivals and not self.are_alive:
            log.info("no longer read-only: the Argo CD application controller is gone")
            for listener in self._gone_listeners:
                listener()

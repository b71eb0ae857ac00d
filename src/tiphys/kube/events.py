"""Kubernetes Events about Applications, as `kubectl describe` shows them.

Events are told on the side: one that cannot be written is logged and dropped, and nobody waits.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable
from datetime import datetime

from tiphys.kube.client import KubeClient
from tiphys.model.errors import TiphysError
from tiphys.model.keys import Manifest, gvk_of

log = logging.getLogger(__name__)

_MAX_WAITING = 1000
_MAX_MESSAGE = 1024


class EventRecorder:
    """Writes events one after the other in the background."""

    def __init__(self, client: KubeClient, component: str, now: Callable[[], datetime]) -> None:
        self._client, self._component, self._now = client, component, now
        self._waiting: asyncio.Queue[Manifest] = asyncio.Queue(_MAX_WAITING)

    def record(self, about: Manifest, reason: str, message: str, *, is_warning: bool) -> None:
        """Tell that something happened to an object; returns at once.

        Args:
            about: the object.
            reason: CamelCase, for machines.
            message: one sentence; cut to 1024 characters.
            is_warning: whether a person should look.
        """
        metadata, gvk = about["metadata"], gvk_of(about)
        moment = self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
        event: Manifest = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{metadata['name'][:200]}.{uuid.uuid4().hex[:16]}",
                "namespace": metadata.get("namespace", ""),
            },
            "involvedObject": {
                "apiVersion": gvk.api_version,
                "kind": gvk.kind,
                "namespace": metadata.get("namespace", ""),
                "name": metadata["name"],
                "uid": metadata.get("uid", ""),
                "resourceVersion": metadata.get("resourceVersion", ""),
            },
            "reason": reason,
            "message": message[:_MAX_MESSAGE],
            "type": "Warning" if is_warning else "Normal",
            "count": 1,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "source": {"component": self._component},
        }
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("event dropped", extra={"reason": reason})

    async def run(self) -> None:
        """Write events until cancelled."""
        while True:
            event = await self._waiting.get()
            try:
                await self._client.create(event)
            except TiphysError as err:
                log.warning("event not written", extra={"error": err.line})

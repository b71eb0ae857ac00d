"""Kubernetes Events about Applications, as `kubectl describe` shows them.

Events are told on the side, and nobody waits for them.
"""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError, TiphysError
from tiphys.model.keys import Manifest, gvk_of

log = logging.getLogger(__name__)

_MAX_WAITING = 1000
_WRITERS = 4
_IMPORTANT = "Operation"
_PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 60.0)
_MAX_MESSAGE = 1024


class EventRecorder:
    """Writes events in the background.

    Operations that began or ended, and warnings, are written first and never dropped: there are
    never more of them than there are operations. Of the others the latest are kept.
    """

    def __init__(self, client: KubeClient, component: str, now: Callable[[], datetime]) -> None:
        self._client, self._component, self._now = client, component, now
        self._important: deque[Manifest] = deque()
        self._others: deque[Manifest] = deque(maxlen=_MAX_WAITING)
        self._dropped = 0
        self._wake = asyncio.Event()

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
        if is_warning or reason.startswith(_IMPORTANT):
            self._important.append(event)
        else:
            if len(self._others) == _MAX_WAITING:
                self._dropped += 1
            self._others.append(event)
        self._wake.set()

    async def run(self) -> None:
        """Write events until cancelled."""
        async with asyncio.TaskGroup() as writers:
            for _ in range(_WRITERS):
                writers.create_task(self._write())

    async def _write(self) -> None:
        while True:
            while not (self._important or self._others):
                self._tell_dropped()
                self._wake.clear()
                await self._wake.wait()
            is_important = bool(self._important)
            event = (self._important if is_important else self._others).popleft()
            try:
                await self._create(event, pauses_s=_PAUSES_S if is_important else ())
            except TiphysError as err:
                log.warning("event not written", extra={"error": err.line})

    async def _create(self, event: Manifest, pauses_s: Sequence[float]) -> None:
        """Create an Event; one that matters is tried again for some minutes."""
        for pause_s in pauses_s:
            try:
                await self._client.create(event)
            except TiphysError as err:
                if isinstance(err, ApiError) and err.status_reason == "AlreadyExists":
                    return  # an answer was lost on its way
                if not err.transient:
                    raise
                await asyncio.sleep(pause_s)
            else:
                return
        await self._client.create(event)

    def _tell_dropped(self) -> None:
        if self._dropped:
            log.warning("events dropped that matter less", extra={"count": self._dropped})
            self._dropped = 0

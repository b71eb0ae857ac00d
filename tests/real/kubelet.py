"""Plays the kubelet on a bare control plane: gives Pods the status that they would come to have.

Nothing runs. What becomes of a Pod follows the documented rules of the sandbox, so that a test
says the same on both. Pods are not bound to a node, so deleting one takes effect at once.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.e2e.api import Api, RefusedError
from tiphys.sandbox.workloads.pods import pod_status

_LOOK_S = 0.05
_WATCH_S = 30


class Kubelet:
    """Follows all Pods and writes their status."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._pods: dict[str, dict[str, Any]] = {}
        self._seen_at: dict[str, float] = {}
        self._due_at: dict[str, float] = {}

    @contextlib.contextmanager
    def playing(self) -> Iterator[None]:
        """Play for the length of the block."""
        threads = [threading.Thread(target=run, daemon=True) for run in (self._follow, self._play)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            threads[1].join()

    def _follow(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError, RefusedError):
                listed = self._api.request("GET", "/api/v1/pods")
                for pod in listed["items"]:
                    self._take("MODIFIED", pod)
                version = listed["metadata"]["resourceVersion"]
                for event in self._api.watch("/api/v1/pods", version, timeout_s=_WATCH_S):
                    self._take(event["type"], event["object"])
                    if self._ended.is_set():
                        return

    def _take(self, kind: str, pod: dict[str, Any]) -> None:
        uid = pod["metadata"].get("uid")
        if uid is None:
            return
        with self._lock:
            if kind == "DELETED":
                for held in (self._pods, self._seen_at, self._due_at):
                    held.pop(uid, None)
                return
            self._pods[uid] = pod
            self._seen_at.setdefault(uid, time.monotonic())
            self._due_at.setdefault(uid, 0.0)

    def _play(self) -> None:
        while not self._ended.wait(_LOOK_S):
            moment = time.monotonic()
            with self._lock:
                due = [uid for uid, at in self._due_at.items() if at <= moment]
                pods = [(uid, self._pods[uid], moment - self._seen_at[uid]) for uid in due]
            for uid, pod, age_s in pods:
                left_s = self._write(pod, age_s)
                with self._lock:
                    if uid in self._due_at:
                        self._due_at[uid] = float("inf") if left_s is None else moment + left_s

    def _write(self, pod: dict[str, Any], age_s: float) -> float | None:
        """Write a Pod's status; return the seconds until it changes again."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        status, left_s = pod_status(pod, age_s, now)
        metadata = pod["metadata"]
        with contextlib.suppress(RefusedError):
            self._api.merge(
                "Pod",
                metadata["namespace"],
                metadata["name"],
                {"status": status},
                "/status",
                manager="kubelet",
            )
        return left_s

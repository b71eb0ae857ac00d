"""Which writes the API server is known to accept, so that none is tried twice.

An answer holds for one target on one version of one object; it is forgotten with the process.
"""

from collections import OrderedDict
from hashlib import blake2b
from typing import NamedTuple

from tiphys.engine.diff.digest import target_digest
from tiphys.engine.sync.options import SyncOptions
from tiphys.engine.sync.tasks import SyncTask
from tiphys.model.keys import Manifest

_REMEMBERED = 20_000


class Trial(NamedTuple):
    """One write: of what, onto what, and how."""

    server: str
    digest: str
    uid: str
    resource_version: str
    manner: tuple[bool | None, ...]

    @classmethod
    def of(cls, server: str, task: SyncTask, live: Manifest | None) -> "Trial":
        """Return the write that a task stands for."""
        assert task.target is not None
        return cls.of_target(server, target_digest(task.target), live, task.options)

    @classmethod
    def of_target(
        cls, server: str, digest: str, live: Manifest | None, options: SyncOptions
    ) -> "Trial":
        """Return the write of a target whose digest is known, with its own options."""
        metadata = (live or {}).get("metadata") or {}
        return cls(
            server,
            digest,
            str(metadata.get("uid") or ""),
            str(metadata.get("resourceVersion") or ""),
            (options.validate, options.server_side, options.replace, options.force),
        )


class Trials:
    """All writes of an installation that were accepted lately."""

    def __init__(self) -> None:
        self._accepted: OrderedDict[bytes, None] = OrderedDict()

    def was_accepted(self, trial: Trial) -> bool:
        """Return whether the API server accepted a write, as a dry run or for good."""
        # What does not exist yet has no version that would tell when the answer grows old.
        return bool(trial.uid) and _digest(trial) in self._accepted

    def accept(self, trial: Trial) -> None:
        """Remember that a write was accepted."""
        if not trial.uid:
            return
        self._accepted[_digest(trial)] = None
        if len(self._accepted) > _REMEMBERED:
            self._accepted.popitem(last=False)


def _digest(trial: Trial) -> bytes:
    """Return what stands for a trial: whole ones would take five times as much memory."""
    return blake2b(repr(trial).encode(), digest_size=12).digest()

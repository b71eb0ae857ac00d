"""What is asked of an Application (`operation`) and how far it has come (`operationState`)."""

from typing import Any

import msgspec

from tiphys.model.keys import ResourceKey
from tiphys.model.source import ApplicationSource, Record, written
from tiphys.model.words import OperationPhase, ResultCode, SyncPhase


class Backoff(Record, frozen=True):
    """How long to wait between attempts; durations as users write them ("5s", "3m", "10")."""

    duration: str = ""
    factor: int | None = None
    max_duration: str = ""


class RetryStrategy(Record, frozen=True):
    """How often a failed sync is tried again; 0 never, negative without end."""

    limit: int = 0
    backoff: Backoff | None = None
    refresh: bool = False


class SyncStrategyApply(Record, frozen=True):
    """Apply without running hooks."""

    force: bool = False


class SyncStrategy(Record, frozen=True):
    """`apply` runs no hooks; `hook`, the default, does."""

    apply: SyncStrategyApply | None = None
    hook: SyncStrategyApply | None = None


class SyncOperationResource(Record, frozen=True):
    """Selects resources of a partial sync; every field may be a glob, empty namespace is any."""

    group: str = ""
    kind: str = msgspec.field(default_factory=written)
    name: str = msgspec.field(default_factory=written)
    namespace: str = ""
    exclude: bool = False


class SyncOperation(Record, frozen=True):
    """A sync as it is asked for."""

    revision: str = ""
    revisions: tuple[str, ...] = ()
    prune: bool = False
    dry_run: bool = False
    sync_strategy: SyncStrategy | None = None
    resources: tuple[SyncOperationResource, ...] = ()
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    manifests: tuple[str, ...] = ()
    sync_options: tuple[str, ...] = ()
    auto_heal_attempts_count: int = 0


class OperationInitiator(Record, frozen=True):
    """Who asked for an operation."""

    username: str = ""
    automated: bool = False


class Info(Record, frozen=True):
    """A free pair that the interfaces show."""

    name: str = msgspec.field(default_factory=written)
    value: str = msgspec.field(default_factory=written)


class Operation(Record, frozen=True):
    """What is asked of an Application."""

    sync: SyncOperation | None = None
    initiated_by: OperationInitiator = OperationInitiator()
    info: tuple[Info, ...] = ()
    retry: RetryStrategy = RetryStrategy()


class ResourceResult(Record, frozen=True):
    """What a sync did to one resource, as `syncResult.resources` shows it."""

    group: str = msgspec.field(default_factory=written)
    version: str = msgspec.field(default_factory=written)
    kind: str = msgspec.field(default_factory=written)
    namespace: str = msgspec.field(default_factory=written)
    name: str = msgspec.field(default_factory=written)
    status: ResultCode | None = None
    message: str = ""
    hook_type: str = ""
    hook_phase: OperationPhase | None = None
    sync_phase: SyncPhase | None = None
    images: tuple[str, ...] = ()

    @property
    def key(self) -> ResourceKey:
        """The object that the result is about."""
        return ResourceKey(self.group, self.kind, self.namespace, self.name)


class SyncOperationResult(Record, frozen=True):
    """What a sync has done so far, and to which revision."""

    resources: tuple[ResourceResult, ...] = ()
    revision: str = msgspec.field(default_factory=written)
    revisions: tuple[str, ...] = ()
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    managed_namespace_metadata: dict[str, Any] | None = None


class OperationState(Record, frozen=True, omit_defaults=False):
    """The running or the last operation; times are RFC 3339 in whole seconds, UTC."""

    operation: Operation
    phase: OperationPhase
    started_at: str
    message: str | msgspec.UnsetType = msgspec.UNSET
    sync_result: SyncOperationResult | msgspec.UnsetType = msgspec.UNSET
    finished_at: str | msgspec.UnsetType = msgspec.UNSET
    retry_count: int | msgspec.UnsetType = msgspec.UNSET

    @property
    def result(self) -> SyncOperationResult | None:
        """The sync result, None while there is none."""
        return self.sync_result or None

    @property
    def retries(self) -> int:
        """How often the operation has been tried again."""
        return self.retry_count or 0

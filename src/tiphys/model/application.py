"""The Application custom resource: what users write, and the status that we write."""

from typing import Any

import msgspec

from tiphys.model.keys import ResourceKey
from tiphys.model.operation import (
    Info,
    Operation,
    OperationInitiator,
    OperationState,
    RetryStrategy,
)
from tiphys.model.source import ApplicationSource, Record, written
from tiphys.model.words import HealthStatusCode, SyncStatusCode


class ApplicationDestination(Record, frozen=True):
    """Which cluster and namespace; exactly one of `server` and `name` is set."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class Automated(Record, frozen=True):
    """Automated sync; present and not `enabled: false` turns it on."""

    prune: bool = False
    self_heal: bool = False
    allow_empty: bool = False
    enabled: bool | None = None


class ManagedNamespaceMetadata(Record, frozen=True):
    """Labels and annotations of the namespace that CreateNamespace=true creates."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class SyncPolicy(Record, frozen=True):
    """When and how an Application syncs."""

    automated: Automated | None = None
    sync_options: tuple[str, ...] = ()
    retry: RetryStrategy | None = None
    managed_namespace_metadata: ManagedNamespaceMetadata | None = None

    @property
    def is_automated(self) -> bool:
        """True when syncs start by themselves."""
        return self.automated is not None and self.automated.enabled is not False


class ResourceIgnoreDifferences(Record, frozen=True):
    """Fields of some resources that are not compared; group and kind may be globs."""

    kind: str
    group: str = ""
    name: str = ""
    namespace: str = ""
    json_pointers: tuple[str, ...] = ()
    jq_path_expressions: tuple[str, ...] = ()
    managed_fields_managers: tuple[str, ...] = ()


class KnownTypeField(Record, frozen=True):
    """A part of a custom resource that has the type of a built-in one: "core/v1/PodSpec"."""

    field: str
    type: str


class ApplicationSpec(Record, frozen=True):
    """What should run, and where."""

    destination: ApplicationDestination = ApplicationDestination()
    project: str = ""
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    sync_policy: SyncPolicy | None = None
    ignore_differences: tuple[ResourceIgnoreDifferences, ...] | None = None
    info: tuple[Info, ...] = ()
    revision_history_limit: int | None = None
    source_hydrator: dict[str, Any] | None = None

    @property
    def all_sources(self) -> tuple[ApplicationSource, ...]:
        """The sources in force: `sources` when there are any, else the single one."""
        if self.sources:
            return self.sources
        return (self.source,) if self.source is not None else ()

    @property
    def policy(self) -> SyncPolicy:
        """The sync policy, empty when none is written."""
        return self.sync_policy or SyncPolicy()


class HealthStatus(Record, frozen=True):
    """Health of a resource, with the reason when there is one."""

    status: HealthStatusCode
    message: str = ""


class ApplicationHealth(Record, frozen=True):
    """Health of an Application; the status is written even when it is unknown."""

    status: HealthStatusCode = msgspec.field(default_factory=lambda: HealthStatusCode.UNKNOWN)
    message: str = ""
    last_transition_time: str = ""


class ResourceStatus(Record, frozen=True):
    """One row of `status.resources`; hooks and ignored objects have no `status`."""

    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: SyncStatusCode | None = None
    health: HealthStatus | None = None
    hook: bool = False
    requires_pruning: bool = False
    sync_wave: int = 0
    requires_deletion_confirmation: bool = False

    @property
    def key(self) -> ResourceKey:
        """The object that the row is about."""
        return ResourceKey(self.group, self.kind, self.namespace, self.name)


class ComparedTo(Record, frozen=True):
    """What the sync status was computed for."""

    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    destination: ApplicationDestination = msgspec.field(default_factory=ApplicationDestination)
    ignore_differences: tuple[ResourceIgnoreDifferences, ...] | None = None


class SyncStatus(Record, frozen=True):
    """Whether live equals target, for which target; the status is always written."""

    status: SyncStatusCode = msgspec.field(default_factory=lambda: SyncStatusCode.UNKNOWN)
    compared_to: ComparedTo = ComparedTo()
    revision: str = ""
    revisions: tuple[str, ...] = ()

    @property
    def all_revisions(self) -> tuple[str, ...]:
        """One revision a source."""
        return self.revisions or ((self.revision,) if self.revision else ())


class Condition(Record, frozen=True):
    """Something that a person should know."""

    type: str
    message: str = msgspec.field(default_factory=written)
    last_transition_time: str = ""


class RevisionHistory(Record, frozen=True, omit_defaults=False):
    """One successful full sync."""

    id: int
    deployed_at: str
    deploy_started_at: str | msgspec.UnsetType = msgspec.UNSET
    initiated_by: OperationInitiator | msgspec.UnsetType = msgspec.UNSET
    revision: str | msgspec.UnsetType = msgspec.UNSET
    revisions: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    source: ApplicationSource | msgspec.UnsetType = msgspec.UNSET
    sources: tuple[ApplicationSource, ...] | msgspec.UnsetType = msgspec.UNSET


class ApplicationSummary(Record, frozen=True):
    """What lists show of an Application's resources."""

    external_urls: tuple[str, ...] = msgspec.field(default=(), name="externalURLs")
    images: tuple[str, ...] = ()
    is_app_of_apps: bool = False


class ApplicationStatus(Record, frozen=True):
    """All that we write of an Application."""

    resources: tuple[ResourceStatus, ...] = ()
    sync: SyncStatus = SyncStatus()
    health: ApplicationHealth = ApplicationHealth()
    history: tuple[RevisionHistory, ...] = ()
    conditions: tuple[Condition, ...] = ()
    reconciled_at: str = ""
    operation_state: OperationState | None = None
    source_type: str = ""
    source_types: tuple[str, ...] = ()
    summary: ApplicationSummary = ApplicationSummary()
    resource_health_source: str = ""
    controller_namespace: str = ""


class ObjectMeta(Record, frozen=True):
    """The metadata fields that decisions look at."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()


class Application(Record, frozen=True):
    """An Application as it stands in the cluster."""

    metadata: ObjectMeta = ObjectMeta()
    spec: ApplicationSpec = ApplicationSpec()
    status: ApplicationStatus = ApplicationStatus()
    operation: Operation | None = None

    @property
    def qualified_name(self) -> str:
        """Namespace and name, as messages show an Application."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def project(self) -> str:
        """The project's name; empty means `default`."""
        return self.spec.project or "default"

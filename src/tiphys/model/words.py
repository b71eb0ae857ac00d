"""The closed sets of words that stand in custom resources; values are the wire strings."""

from enum import StrEnum


class SyncStatusCode(StrEnum):
    """Whether live equals target."""

    UNKNOWN = "Unknown"
    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"

    @property
    def is_known(self) -> bool:
        """False where target or live could not be loaded."""
        return self is not SyncStatusCode.UNKNOWN


class HealthStatusCode(StrEnum):
    """How well a resource or an Application does; declared best first."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


class OperationPhase(StrEnum):
    """How far an operation, or one hook of it, has come."""

    RUNNING = "Running"
    TERMINATING = "Terminating"
    FAILED = "Failed"
    ERROR = "Error"
    SUCCEEDED = "Succeeded"

    @property
    def is_completed(self) -> bool:
        """True when nothing more will happen."""
        return self in {OperationPhase.FAILED, OperationPhase.ERROR, OperationPhase.SUCCEEDED}

    @property
    def is_successful(self) -> bool:
        """True for Succeeded only."""
        return self is OperationPhase.SUCCEEDED


class ResultCode(StrEnum):
    """What a sync did to one resource."""

    SYNCED = "Synced"
    SYNC_FAILED = "SyncFailed"
    PRUNED = "Pruned"
    PRUNE_SKIPPED = "PruneSkipped"


class SyncPhase(StrEnum):
    """The phases of a sync, in the order they run."""

    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    POST_SYNC = "PostSync"
    SYNC_FAIL = "SyncFail"


class HookType(StrEnum):
    """When a hook runs; the first four name the phase of the same name."""

    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    POST_SYNC = "PostSync"
    SYNC_FAIL = "SyncFail"
    SKIP = "Skip"
    PRE_DELETE = "PreDelete"
    POST_DELETE = "PostDelete"


class HookDeletePolicy(StrEnum):
    """When a hook's object is deleted."""

    HOOK_SUCCEEDED = "HookSucceeded"
    HOOK_FAILED = "HookFailed"
    BEFORE_HOOK_CREATION = "BeforeHookCreation"


class ConditionType(StrEnum):
    """Types of `status.conditions`; the suffix tells the severity."""

    DELETION_ERROR = "DeletionError"
    DELETION_WARNING = "DeletionWarning"
    INVALID_SPEC_ERROR = "InvalidSpecError"
    COMPARISON_ERROR = "ComparisonError"
    SYNC_ERROR = "SyncError"
    SYNC_WINDOW_ERROR = "SyncWindowError"
    UNKNOWN_ERROR = "UnknownError"
    SHARED_RESOURCE_WARNING = "SharedResourceWarning"
    REPEATED_RESOURCE_WARNING = "RepeatedResourceWarning"
    EXCLUDED_RESOURCE_WARNING = "ExcludedResourceWarning"
    ORPHANED_RESOURCE_WARNING = "OrphanedResourceWarning"
    SELF_HEAL_WARNING = "SelfHealWarning"
    STATUS_CUT_WARNING = "StatusCutWarning"


class SourceType(StrEnum):
    """The tool that renders a source."""

    HELM = "Helm"
    KUSTOMIZE = "Kustomize"
    DIRECTORY = "Directory"
    PLUGIN = "Plugin"

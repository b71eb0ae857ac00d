"""What would change: of an Application as it is, or at another revision, against what is live.

Nothing is written. Where the values alone cannot tell, the cluster's own dry run is asked, as for
every comparison; what would be created or deleted needs no question.
"""

from collections.abc import Iterable, Sequence

import msgspec

from tiphys.delivery.clusters import Clusters
from tiphys.delivery.compare import Compared, Comparer
from tiphys.delivery.installation import Installation
from tiphys.delivery.managed import FieldDrift, ResourceDrift, drifts_of
from tiphys.delivery.specification import check_spec
from tiphys.delivery.targets import TargetLoader, render_request
from tiphys.engine.diff import Verdict
from tiphys.model.application import Application, ResourceStatus
from tiphys.model.errors import InvalidInputError
from tiphys.model.keys import GroupKind, ResourceKey
from tiphys.model.source import Record

_HOLDS_DATA = frozenset(
    {
        GroupKind("", "PersistentVolumeClaim"),
        GroupKind("", "PersistentVolume"),
        GroupKind("", "Namespace"),
        GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"),
        GroupKind("apps", "StatefulSet"),
    }
)


class PlannedChange(Record, frozen=True, omit_defaults=False):
    """What would happen to one object.

    Attributes:
        action: "create", "update", "delete" or "same".
        holds_data: deleting it loses what cannot be brought back from Git.
        wave: its sync wave.
        note: why, where the fields do not say it.
        fields: those that would change.
    """

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    action: str
    holds_data: bool
    wave: int
    note: str
    fields: tuple[FieldDrift, ...] = ()


class Plan(Record, frozen=True, omit_defaults=False):
    """What would change, the objects in the order of their keys.

    Attributes:
        revisions: that it is about, one for each source.
        counts: objects by action.
        warnings: what a sync would warn of.
    """

    revisions: tuple[str, ...]
    counts: dict[str, int]
    changes: tuple[PlannedChange, ...]
    warnings: tuple[str, ...] = ()


class Previewer:
    """Tells what would change."""

    def __init__(
        self,
        installation: Installation,
        clusters: Clusters,
        targets: TargetLoader,
        comparer: Comparer,
    ) -> None:
        self._installation, self._clusters = installation, clusters
        self._targets, self._comparer = targets, comparer

    async def preview(self, app: Application, revisions: Sequence[str] = ()) -> Plan:
        """Return what a sync to some revisions would change.

        Args:
            app: the Application; one that is not stored yet will do.
            revisions: one for each source, "" for its own; none for all of their own.

        Raises:
            InvalidInputError: its spec cannot work.
            TiphysError: a repository or the cluster does not answer, or it does not render.
        """
        checked = check_spec(app, self._installation, self._clusters)
        if isinstance(checked, list):
            raise InvalidInputError("; ".join(checked), where=app.qualified_name)
        project, record = checked
        cluster = await self._clusters.open(record)
        wanted = render_request(app, self._installation, cluster)
        if revisions:
            asked = [revision or None for revision in revisions]
            asked += [None] * (len(wanted.sources) - len(asked))
            asked = asked[: len(wanted.sources)]
            # Who names a branch may have pushed it a moment ago.
            wanted = msgspec.structs.replace(wanted, revisions=tuple(asked), resolve_fresh=True)
        targets = await self._targets.load(app, cluster, wanted)
        compared = await self._comparer.compare(app, project, cluster, targets)
        return plan_of(compared, self._installation.settings.sensitive_annotations)


def plan_of(compared: Compared, sensitive_annotations: Iterable[str]) -> Plan:
    """Return what a sync of what was compared would change."""
    annotations = tuple(sensitive_annotations)
    drifts = {
        ResourceKey(drift.group, drift.kind, drift.namespace, drift.name): drift
        for drift in drifts_of(compared, annotations, synced_revision="")
    }
    live = {
        key for key, found in compared.comparisons.items() if found.note != "not in the cluster"
    }
    changes = [
        _planned(row, drifts.get(row.key), compared, is_live=row.key in live)
        for row in compared.resources
        if not row.hook and row.key in compared.comparisons
    ]
    actions = ("create", "update", "delete", "same")
    return Plan(
        revisions=compared.targets.revisions,
        counts={name: sum(change.action == name for change in changes) for name in actions},
        changes=tuple(changes),
        warnings=tuple(condition.message for condition in compared.conditions),
    )


def _planned(
    row: ResourceStatus, drift: ResourceDrift | None, compared: Compared, *, is_live: bool
) -> PlannedChange:
    comparison = compared.comparisons[row.key]
    if comparison.verdict is not Verdict.OUT_OF_SYNC:
        action = "same"
    elif row.requires_pruning:
        action = "delete"
    else:
        action = "update" if is_live else "create"
    return PlannedChange(
        group=row.group,
        version=row.version,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        action=action,
        holds_data=row.key.group_kind in _HOLDS_DATA,
        wave=row.sync_wave,
        note=comparison.note,
        fields=drift.fields if drift is not None else (),
    )

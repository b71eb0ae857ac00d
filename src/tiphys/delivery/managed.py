"""What an Application manages, each object as wanted, as it is, and as a sync would leave it.

Whatever leaves this module is masked: values of Secrets and sensitive annotations are runs of `+`,
of one length in all faces of one object where they are equal.

Source: Argo CD's `ResourceDiff`.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from tiphys.delivery.compare import Compared
from tiphys.engine.diff import Comparison, Verdict
from tiphys.engine.diff.settings import Drift
from tiphys.engine.masking import Masker
from tiphys.engine.normalise import normalise
from tiphys.engine.predicted import predicted_live
from tiphys.kube.live_cache import LiveCache
from tiphys.model.application import ResourceStatus
from tiphys.model.keys import Manifest
from tiphys.model.source import Record


class ManagedResource(Record, frozen=True, omit_defaults=False):
    """One managed object in its four faces, each JSON in a text; "null" for none."""

    group: str
    kind: str
    namespace: str
    name: str
    target_state: str
    live_state: str
    normalized_live_state: str
    predicted_live_state: str
    resource_version: str = ""
    modified: bool = False
    hook: bool = False


class ResourceDrift(Record, frozen=True, omit_defaults=False):
    """How one object differs from what Git wants.

    Attributes:
        status: "Synced", "OutOfSync", or "" for what is not compared.
        note: why, where the fields do not say it: "not in the cluster", "no longer in Git".
    """

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    status: str
    note: str
    fields: tuple["FieldDrift", ...]


class FieldDrift(Record, frozen=True, omit_defaults=False):
    """One field that differs.

    Attributes:
        field: its path, `.spec.replicas`.
        desired, live: the values; null where there is none.
        manager: the field manager that wrote the live value last, "" where nobody can be named.
        time: of that manager's last write, RFC 3339; "" where it is not known.
        cause: "git" (Git asks for something else than the last sync did), "manual" (a person's
            tool wrote it), "controller", or "removed" (somebody took it out; nobody knows who).
    """

    field: str
    desired: Any
    live: Any
    manager: str
    time: str
    cause: str
    note: str


async def managed_resources(
    compared: Compared, cache: LiveCache, sensitive_annotations: Iterable[str]
) -> list[ManagedResource]:
    """Return everything that an Application manages, hooks left out.

    Raises:
        ClusterError: what is live cannot be told.
    """
    wanted = {t.key: t.manifest() for t in compared.targets.targets if not t.is_hook}
    annotations = tuple(sensitive_annotations)
    found = []
    for row in compared.resources:
        if row.hook:
            continue
        record = await cache.load(row.key)
        live = record.manifest() if record is not None and record.body is not None else None
        comparison = compared.comparisons.get(row.key)
        faces = _Faces(wanted.get(row.key), live, comparison)
        found.append(faces.resource(row, Masker(annotations)))
    return found


class _Faces(msgspec.Struct, frozen=True):
    target: Manifest | None
    live: Manifest | None
    comparison: Comparison | None

    def resource(self, row: ResourceStatus, masker: Masker) -> ManagedResource:
        is_modified = self.comparison is not None and self.comparison.verdict is Verdict.OUT_OF_SYNC
        metadata = (self.live or {}).get("metadata") or {}
        return ManagedResource(
            group=row.group,
            kind=row.kind,
            namespace=row.namespace,
            name=row.name,
            target_state=_json(masker, self.target),
            live_state=_json(masker, self.live),
            normalized_live_state=_json(masker, self._normalised()),
            predicted_live_state=_json(masker, self._predicted()),
            resource_version=str(metadata.get("resourceVersion", "")),
            modified=is_modified,
        )

    def _normalised(self) -> Manifest | None:
        return None if self.live is None else without_managed_fields(normalise(self.live))

    def _predicted(self) -> Manifest | None:
        live = self._normalised()
        if self.target is None or live is None:
            return self.target
        drifts = self.comparison.drifts if self.comparison is not None else ()
        return predicted_live(live, drifts)


def without_managed_fields(manifest: Manifest) -> Manifest:
    """Return an object without its managedFields; the input is untouched."""
    metadata = manifest.get("metadata") or {}
    if "managedFields" not in metadata:
        return manifest
    kept = {name: value for name, value in metadata.items() if name != "managedFields"}
    return {**manifest, "metadata": kept}


def _json(masker: Masker, manifest: Manifest | None) -> str:
    if manifest is None:
        return "null"
    return msgspec.json.encode(masker.mask(manifest)).decode()


def drifts_of(
    compared: Compared, sensitive_annotations: Iterable[str], *, synced_revision: str
) -> list[ResourceDrift]:
    """Return how each object differs, field by field; those that do not differ are left out.

    Args:
        compared: what the last look found.
        sensitive_annotations: keys of annotations whose values are never shown.
        synced_revision: what was synced last; a newer one in Git is a cause.
    """
    is_newer = bool(synced_revision) and synced_revision not in compared.targets.revisions
    annotations = tuple(sensitive_annotations)
    return [
        _drift_of(row, comparison, Masker(annotations), is_newer=is_newer)
        for row in compared.resources
        if (comparison := compared.comparisons.get(row.key)) is not None
        and comparison.verdict is Verdict.OUT_OF_SYNC
    ]


def _drift_of(
    row: ResourceStatus, comparison: Comparison, masker: Masker, *, is_newer: bool
) -> ResourceDrift:
    drifts = masker.mask_drifts(row.key.group_kind, comparison.drifts)
    return ResourceDrift(
        group=row.group,
        version=row.version,
        kind=row.kind,
        namespace=row.namespace,
        name=row.name,
        status=row.status.value if row.status is not None else "",
        note=comparison.note,
        fields=tuple(_field(drift, is_newer=is_newer) for drift in drifts),
    )


def _field(drift: Drift, *, is_newer: bool) -> FieldDrift:
    return FieldDrift(
        field=drift.path,
        desired=drift.target,
        live=drift.live,
        manager=drift.manager,
        time=drift.changed_at,
        cause=_cause(drift, is_newer=is_newer),
        note=drift.note,
    )


_BY_HAND = ("kubectl", "k9s", "lens", "helm", "Mozilla", "curl", "oc", "tiphys-cli")


def _cause(drift: Drift, *, is_newer: bool) -> str:
    from_us = drift.manager in {"", "argocd-controller"}
    if from_us:
        return "git" if is_newer or drift.manager else "removed"
    is_person = drift.manager.startswith(_BY_HAND)
    return "manual" if is_person else "controller"

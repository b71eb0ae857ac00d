"""The verdict on one resource, without a request where that is possible.

Equal values and nothing of ours left over is Synced; a field of client-side apply that left Git
is OutOfSync. Everything else is for the API server to say, because only it knows how it defaults,
converts and mutates: the caller applies target as a dry run and hands the outcome to
`judge_prediction`.

Source: Kubernetes API concepts, "Server-Side Apply"; Argo CD user guide, "Diff Strategies". Where
we differ on purpose: fields that others added are no drift in any mode.
"""

import msgspec

from tiphys.engine.diff.lists import ListRules
from tiphys.engine.diff.ownership import last_applied, no_longer_applied, no_longer_wanted
from tiphys.engine.diff.paths import Path, format_path
from tiphys.engine.diff.settings import (
    CompareMode,
    CompareSettings,
    Comparison,
    Drift,
    Verdict,
)
from tiphys.engine.diff.settled import is_settled
from tiphys.engine.diff.values import Difference, ValueWalk
from tiphys.engine.fields import (
    FieldEntry,
    applied_entries,
    field_entries,
    last_writer,
    migrated_entries,
    owns_field,
)
from tiphys.engine.ignoring import Ignored
from tiphys.engine.known_types import with_absent_booleans, with_known_types
from tiphys.engine.normalise import normalise, prepare_target
from tiphys.model.keys import Manifest
from tiphys.model.labels import LAST_APPLIED
from tiphys.structured.types import TypeRef

_LEFT_GIT = "no longer in Git"


def compare(
    target: Manifest | None,
    live: Manifest | None,
    settings: CompareSettings,
    schema: TypeRef | None,
) -> Comparison:
    """Return whether live is what target asks for.

    Args:
        target: with its tracking and namespace; None when Git has no such resource.
        live: as the cluster returned it, managedFields included; None when it does not exist.
        settings: for this resource.
        schema: of the resource's kind, None when unknown.

    Returns:
        SYNCED or OUT_OF_SYNC when that is certain. ASK when a dry run has to tell, in
        `CompareMode.APPLY`, and in every mode when live is in another apiVersion than target; the
        drifts are then what the values alone say.
    """
    if target is None or live is None:
        return _one_sided(target, live)
    if target.get("apiVersion") != live.get("apiVersion"):
        return Comparison(verdict=Verdict.ASK, note="live is in another apiVersion than target")
    return Faces(target, live, settings, schema).verdict()


def _one_sided(target: Manifest | None, live: Manifest | None) -> Comparison:
    if target is None and live is None:
        return Comparison(verdict=Verdict.SYNCED)
    note = "not in the cluster" if live is None else _LEFT_GIT
    return Comparison(verdict=Verdict.OUT_OF_SYNC, note=note)


class Faces:
    """One comparison under way: both sides without what is not compared, and who owns what.

    Attributes:
        target: prepared as for an apply.
        live: normalised; in the apiVersion of target.
        entries: managedFields of live; only those of its own apiVersion can be read against it.
        applied: those of them that we applied.
    """

    def __init__(
        self, target: Manifest, live: Manifest, settings: CompareSettings, schema: TypeRef | None
    ) -> None:
        self.settings, self.schema = settings, schema
        version = live.get("apiVersion")
        every_entry = field_entries(live)
        self.entries = [entry for entry in every_entry if entry.api_version == version]
        self._owns_in_other_version = any(
            entry.api_version != version for entry in applied_entries(every_entry, settings.manager)
        )
        self.ignored = Ignored(
            settings.ignore, (live.get("metadata") or {}).get("managedFields") or ()
        )
        self.target = comparable(prepare_target(target), settings, self.ignored)
        self.live = comparable_live(live, settings, self.ignored)
        self.rules = ListRules([entry.fields for entry in self.entries])
        self.applied = applied_entries(self.entries, settings.manager)
        self.last_applied = last_applied(live)

    def verdict(self) -> Comparison:
        """Return what is certain without the API server, ASK where nothing is."""
        walk = ValueWalk(self.rules, [entry.fields for entry in self.applied])
        walk.compare(self.target, self.live, self.schema)
        notes = list(self.ignored.problems)
        left_over = self.left_over_of_legacy()
        if walk.duplicates:
            places = ", ".join(format_path(path) for path in walk.duplicates)
            notes.append(f"elements with equal keys at {places} rule out server-side apply")
        asks = self.settings.mode is CompareMode.APPLY and not walk.duplicates
        if not asks or left_over:
            return self._answer(Verdict.OUT_OF_SYNC, [*walk.differences, *left_over], notes)
        differences = [*walk.differences, *self._left_over_of_apply()]
        if differences or walk.doubts or self._owns_in_other_version:
            return self._answer(Verdict.ASK, differences, notes)
        settled = is_settled(self.target, self.entries, self.settings)
        synced = self._answer(Verdict.SYNCED, [], notes)
        return msgspec.structs.replace(synced, is_settled=settled)

    def _answer(
        self, verdict: Verdict, differences: list[Difference], notes: list[str]
    ) -> Comparison:
        if verdict is Verdict.OUT_OF_SYNC and not differences:
            verdict = Verdict.SYNCED
        drifts = drifts_of(differences, self.entries)
        return Comparison(
            verdict=verdict,
            drifts=drifts,
            note="; ".join(notes),
            problems=tuple(self.ignored.undecided),
        )

    def _left_over_of_apply(self) -> list[Difference]:
        return [
            difference
            for entry in self.applied
            for difference in no_longer_wanted(entry.fields, self.target, self.live)
        ]

    def left_over_of_legacy(self) -> list[Difference]:
        """Return what client-side apply wrote, a sync would take out and target lacks."""
        settings = self.settings
        if settings.mode is CompareMode.REPLACE or self.last_applied is None:
            return []
        applied = comparable(prepare_target(self.last_applied), settings, self.ignored)
        left = no_longer_applied(applied, self.target, self.live, self.rules, ((), self.schema))
        if settings.mode is CompareMode.CLIENT_SIDE:
            return left
        return [difference for difference in left if self._would_be_migrated(difference.path)]

    def _would_be_migrated(self, path: Path) -> bool:
        """True for a field that client-side apply still owns, alone: a sync will remove it.

        The annotation alone proves nothing. It goes stale as soon as somebody applies on the
        server side, and what another manager owns as well stays whatever we do.
        """
        settings = self.settings
        if not settings.migrates:
            return False
        owners = [entry for entry in self.entries if owns_field(entry, path)]
        legacy = migrated_entries(self.entries, settings.manager, settings.migration_manager)
        return bool(owners) and all(entry in legacy or entry in self.applied for entry in owners)


def comparable_live(live: Manifest, settings: CompareSettings, ignored: Ignored) -> Manifest:
    """Return an object of the cluster as `comparable` returns manifests."""
    spelled_out = with_absent_booleans(normalise(live), settings.known_types)
    return comparable(spelled_out, settings, ignored)


def comparable(manifest: Manifest, settings: CompareSettings, ignored: Ignored) -> Manifest:
    """Return a normalised manifest without status, identity and ignored fields."""
    result = with_known_types(ignored.strip(manifest), settings.known_types)
    if settings.ignore_status and "status" in result:
        result = {name: value for name, value in result.items() if name != "status"}
    annotations = (result.get("metadata") or {}).get("annotations") or {}
    if LAST_APPLIED in annotations:
        kept = {name: value for name, value in annotations.items() if name != LAST_APPLIED}
        result = {**result, "metadata": {**result["metadata"], "annotations": kept}}
    return result


def drifts_of(differences: list[Difference], entries: list[FieldEntry]) -> tuple[Drift, ...]:
    """Return differences as people read them, one a field, the first of several.

    Args:
        differences: in the order in which they are to be shown.
        entries: of live; they tell who wrote a live value last.
    """
    by_path: dict[Path, Difference] = {}
    for difference in differences:
        by_path.setdefault(difference.path, difference)
    return tuple(_drift(difference, entries) for difference in by_path.values())


def _drift(difference: Difference, entries: list[FieldEntry]) -> Drift:
    path, target, live, note = difference
    writer = last_writer(entries, path) if live is not None else None
    return Drift(
        path=format_path(path),
        target=target,
        live=live,
        manager=writer.manager if writer else "",
        changed_at=writer.time if writer else "",
        note=note or (_LEFT_GIT if target is None else ""),
    )

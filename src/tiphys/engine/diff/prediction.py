"""The verdict of the API server: what an apply would change, from its dry run.

Prediction and live come from the same server, so values are compared exactly, but only where
target has something or we own something: what the server or others keep changing elsewhere says
nothing about Git.

Source: Kubernetes API reference, "dryRun"; Argo CD user guide, "Server-Side Diff". Where we differ
on purpose: a value that admission overrules is Synced with a note, since no sync can change it.
"""

from typing import Any

import msgspec

from tiphys.engine.diff.compare import Faces, comparable_live, drifts_of
from tiphys.engine.diff.lists import KeyedItems, ListRules, keeps_order
from tiphys.engine.diff.ownership import changes_of_owned
from tiphys.engine.diff.paths import Path, format_path
from tiphys.engine.diff.settings import CompareSettings, Comparison, Verdict
from tiphys.engine.diff.settled import same_owners
from tiphys.engine.diff.values import Difference, ValueWalk, same_value
from tiphys.engine.fields import field_entries
from tiphys.model.keys import Manifest
from tiphys.structured.types import TypeRef

_MAX_NAMED_PATHS = 3
_NULL_IN_GIT = "null in Git, absent from the cluster"


def judge_prediction(
    target: Manifest,
    live: Manifest,
    prediction: Manifest,
    settings: CompareSettings,
    schema: TypeRef | None,
) -> Comparison:
    """Return the verdict on a resource from a dry run of its apply.

    Args:
        target: what was applied.
        live: the object before, read in the apiVersion of target.
        prediction: what the API server answered, managedFields included.
        settings: for this resource.
        schema: of the resource's kind, None when unknown.

    Returns:
        SYNCED or OUT_OF_SYNC, never ASK. A drift's `target` is the value that a sync would leave.
    """
    faces = Faces(target, live, settings, schema)
    after = comparable_live(prediction, settings, faces.ignored)
    predicted = field_entries(prediction)
    rules = ListRules([entry.fields for entry in (*predicted, *faces.entries)])
    walk = _PredictionWalk(rules)
    walk.compare(faces.target, faces.live, after, schema)
    changed = [
        difference
        for entry in faces.applied
        for difference in changes_of_owned(entry.fields, faces.live, after)
    ]
    drifts = drifts_of([*walk.differences, *changed, *faces.left_over_of_legacy()], faces.entries)
    overruled = ValueWalk(rules, [entry.fields for entry in predicted])
    overruled.compare(faces.target, after, schema)
    notes = [*faces.ignored.problems, *_overruled_note(overruled.differences)]
    verdict = Verdict.OUT_OF_SYNC if drifts else Verdict.SYNCED
    settled = (
        verdict is Verdict.SYNCED
        and not settings.ignore
        and same_owners(predicted, field_entries(live))
    )
    return Comparison(
        verdict=verdict,
        drifts=drifts,
        note="; ".join(notes),
        problems=tuple(faces.ignored.undecided),
        is_settled=settled,
    )


def judge_refusal(comparison: Comparison, message: str) -> Comparison:
    """Return what holds when the API server refuses the dry run.

    Args:
        comparison: the verdict that asked.
        message: why it was refused, as the server says it.
    """
    note = "; ".join(part for part in (comparison.note, f"dry run refused: {message}") if part)
    return msgspec.structs.replace(comparison, verdict=Verdict.OUT_OF_SYNC, note=note)


def _overruled_note(differences: list[Difference]) -> list[str]:
    if not differences:
        return []
    paths = [format_path(difference.path) for difference in differences]
    named = ", ".join(paths[:_MAX_NAMED_PATHS])
    more = f" and {len(paths) - _MAX_NAMED_PATHS} more" if len(paths) > _MAX_NAMED_PATHS else ""
    return [f"the API server overrules {named}{more}"]


def _are_alike(before: Any, after: Any) -> bool:
    """Return whether two answers of one server are equal, nulls included."""
    return same_value(before, after) and bool(before == after)


class _PredictionWalk:
    """Collects where the object would change, at the fields that target has."""

    def __init__(self, rules: ListRules) -> None:
        self._rules = rules
        self.differences: list[Difference] = []

    def compare(
        self, target: Any, before: Any, after: Any, type_: TypeRef | None, path: Path = ()
    ) -> None:
        if _are_alike(before, after):
            return
        if isinstance(target, dict) and isinstance(before, dict) and isinstance(after, dict):
            for name, value in target.items():
                child = type_.child(name) if type_ is not None else None
                here = (*path, f"f:{name}")
                if value is None and before.get(name) is None and after.get(name) is None:
                    if (name in before) != (name in after):
                        self.differences.append(Difference(here, None, None, _NULL_IN_GIT))
                else:
                    self.compare(value, before.get(name), after.get(name), child, here)
        elif isinstance(target, list) and isinstance(before, list) and isinstance(after, list):
            self._compare_lists((target, before, after), type_, path)
        else:
            self.differences.append(Difference(path, after, before))

    def _compare_lists(
        self, lists: tuple[list[Any], list[Any], list[Any]], type_: TypeRef | None, path: Path
    ) -> None:
        target, before, after = lists
        names = self._rules.keys_at(path, type_)
        if names is None:
            self.differences.append(Difference(path, after, before))
            return
        if names == ():
            if not all(value in before for value in target if value in after):
                self.differences.append(Difference(path, after, before))
            return
        wanted, old, new = (KeyedItems(items, names, type_) for items in lists)
        if not (wanted.is_regular and old.is_regular and new.is_regular):
            self.differences.append(Difference(path, after, before))
            return
        element = type_.list.element if type_ is not None and type_.list is not None else None
        for key, item in wanted.by_key.items():
            self.compare(item, old.by_key.get(key), new.by_key.get(key), element, (*path, key))
        if not keeps_order(tuple(new.by_key), tuple(old.by_key)):
            self.differences.append(Difference(path, after, before))

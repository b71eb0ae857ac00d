"""Conditions of an Application: how evaluations merge, and how warnings read.

Source: Argo CD reference of `Application.status.conditions`. Where we differ on purpose: the time
of every condition whose type and message stand is kept, not only that of the first of its type,
so that an evaluation which finds nothing new writes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from tiphys.engine.diff.settings import Comparison, Verdict
from tiphys.model.application import Condition
from tiphys.model.keys import ResourceKey
from tiphys.model.words import ConditionType

_MOST_RULE_ERRORS = 5
_FIGHTS = 2
_ERRORS = frozenset(word for word in ConditionType if word.endswith("Error"))


def merge_conditions(
    current: Sequence[Condition],
    found: Iterable[Condition],
    evaluated: Collection[str],
    now: str,
) -> tuple[Condition, ...]:
    """Return the conditions after an evaluation.

    Args:
        current: what stands in the status.
        found: what the evaluation found; times are set here.
        evaluated: the types that the evaluation looked at; other types stay as they are.
        now: RFC 3339.

    Returns:
        Sorted by type, message and time, without repetitions.
    """
    since: dict[tuple[str, str], str] = {}
    for condition in current:
        since.setdefault((condition.type, condition.message), condition.last_transition_time)
    kept = [condition for condition in current if condition.type not in evaluated]
    fresh = {
        (condition.type, condition.message): msgspec.structs.replace(
            condition,
            last_transition_time=since.get((condition.type, condition.message)) or now,
        )
        for condition in found
        if condition.type in evaluated
    }
    return tuple(sorted((*kept, *fresh.values()), key=_order))


def _order(condition: Condition) -> tuple[str, str, str]:
    return condition.type, condition.message, condition.last_transition_time


def error_summary(conditions: Iterable[Condition], types: Collection[str] = _ERRORS) -> str:
    """Return the errors among conditions on one line, "" when there are none."""
    return ";".join(f"{c.type}: {c.message}" for c in conditions if c.type in types)


def shared_resource_warning(
    resource: ResourceKey, app_qualified_name: str, other_instance: str
) -> Condition:
    """Say that another Application claims a resource of ours.

    Args:
        resource: what both claim.
        app_qualified_name: "namespace/name" of the Application that looks.
        other_instance: the name in the mark; its namespace is set off by an underscore.
    """
    other = other_instance.replace("_", "/", 1)
    return Condition(
        type=ConditionType.SHARED_RESOURCE_WARNING,
        message=f"{resource.kind}/{resource.name} is part of applications "
        f"{app_qualified_name} and {other}",
    )


def ignore_rule_errors(
    unusable: Iterable[str], comparisons: Mapping[ResourceKey, Comparison]
) -> list[Condition]:
    """Say which rules on ignored differences could not be used, and for what.

    Args:
        unusable: why parts of rules cannot be used at all.
        comparisons: by resource; their problems came up when rules were used.

    Returns:
        One condition per problem, the first few of them.
    """
    found = [f"ignoreDifferences: {line}" for line in unusable]
    by_problem: dict[str, list[ResourceKey]] = {}
    for key, comparison in comparisons.items():
        for problem in comparison.problems:
            by_problem.setdefault(problem, []).append(key)
    for problem, keys in by_problem.items():
        more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
        found.append(f"ignoreDifferences: {problem} (for {min(keys)}{more})")
    shown = found[:_MOST_RULE_ERRORS]
    if len(found) > len(shown):
        shown.append(f"ignoreDifferences: {len(found) - len(shown)} more problems")
    return [Condition(type=ConditionType.COMPARISON_ERROR, message=line) for line in shown]


def self_heal_warning(
    undone: int, comparisons: Mapping[ResourceKey, Comparison], unchanged: Collection[ResourceKey]
) -> Condition | None:
    """Say which field self heal fights for, and with whom; None while that is no fight yet.

    Args:
        undone: how often in a row what self heal did was undone.
        comparisons: by resource, as they stand now.
        unchanged: resources that the last sync left as they were.
    """
    if undone < _FIGHTS:
        return None
    for key in sorted(comparisons):
        drifts = comparisons[key].drifts
        if comparisons[key].verdict is not Verdict.OUT_OF_SYNC or not drifts:
            continue
        drift = drifts[0]
        writer = f" by `{drift.manager}`" if drift.manager else ""
        what = f"is changed back{writer}" if key not in unchanged else "is left as it is by a sync"
        return Condition(
            type=ConditionType.SELF_HEAL_WARNING,
            message=f"self heal waits longer after each attempt: `{drift.path}` of {key} {what} "
            f"({undone} times in a row). Let one of both own the field: take it out of Git, or "
            "ignore the difference.",
        )
    return None


def orphaned_resource_warning(count: int) -> Condition | None:
    """Say how many objects of the namespace belong to no Application; None for none."""
    if count == 0:
        return None
    return Condition(
        type=ConditionType.ORPHANED_RESOURCE_WARNING,
        message=f"Application has {count} orphaned resources",
    )

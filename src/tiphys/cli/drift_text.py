"""Drift as lines: which field, both values, and who wrote the live one."""

from collections.abc import Iterable, Mapping

import orjson

from tiphys.engine.diff import Comparison, Drift, Verdict
from tiphys.engine.masking import Masker
from tiphys.model.keys import ResourceKey

_MAX_VALUE = 120


def drift_lines(
    comparisons: Mapping[ResourceKey, Comparison], sensitive_annotations: Iterable[str] = ()
) -> list[str]:
    """Return a line for each resource that differs, and one for each of its fields.

    Secret values are masked; runs of different length are different values.
    """
    sensitive = tuple(sensitive_annotations)
    lines: list[str] = []
    for key, comparison in sorted(comparisons.items()):
        if comparison.verdict is Verdict.SYNCED:
            continue
        note = f"  ({comparison.note})" if comparison.note else ""
        lines.append(f"{key}{note}")
        shown = Masker(sensitive).mask_drifts(key.group_kind, comparison.drifts)
        lines += [f"  {_field(drift)}" for drift in shown]
    return lines


def _field(drift: Drift) -> str:
    author = f"  by {drift.manager} at {drift.changed_at}" if drift.manager else ""
    note = f"  ({drift.note})" if drift.note else ""
    return f"{drift.path}: live {_value(drift.live)}, Git {_value(drift.target)}{author}{note}"


def _value(value: object) -> str:
    if value is None:
        return "absent"
    text = orjson.dumps(value).decode()
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}..."

"""Differences between target and live, and who made them.

`compare` answers without a request where it can; `judge_prediction` reads the answer of the API
server where it cannot. See the design decision "A diff nobody has to doubt".
"""

from tiphys.engine.diff.compare import compare
from tiphys.engine.diff.digest import live_digest, target_digest
from tiphys.engine.diff.prediction import judge_prediction, judge_refusal
from tiphys.engine.diff.settings import (
    CompareMode,
    CompareSettings,
    Comparison,
    Drift,
    Verdict,
)

__all__ = [
    "CompareMode",
    "CompareSettings",
    "Comparison",
    "Drift",
    "Verdict",
    "compare",
    "judge_prediction",
    "judge_refusal",
    "live_digest",
    "target_digest",
]

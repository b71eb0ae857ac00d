"""Kinds of the GitOps Promoter: each says Ready, and some have more to look at.

Source: GitOps Promoter, "CRD specs".
"""

from collections.abc import Callable
from typing import Any, Final

from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    Check,
    Row,
    absent,
    always,
    check,
    claim,
    condition,
    entries,
    find_condition,
    get,
)
from tiphys.model.keys import Manifest

_SHA: Final = "dry.sha"


@claim("`Ready` has the `observedGeneration` of another spec")
def _is_stale(live: Manifest) -> bool:
    observed = (find_condition(live, "Ready") or {}).get("observedGeneration")
    return bool(observed and observed != get(live, "metadata.generation"))


@claim("`Ready` is absent")
def _says_nothing(live: Manifest) -> bool:
    return find_condition(live, "Ready") is None


def _promoted(*rows: Row) -> Check:
    return check(
        Row(_says_nothing, PROGRESSING, "Waiting for condition Ready"),
        Row(_is_stale, PROGRESSING, "Waiting for the latest change to be observed"),
        Row(condition("Ready", "False"), DEGRADED, "{condition:Ready|reason:Ready}"),
        Row(condition("Ready", "Unknown"), PROGRESSING, "{condition:Ready|reason:Ready}"),
        *rows,
        Row(always, HEALTHY),
    )


def _environments(live: Manifest) -> list[Manifest]:
    return entries(live, "status.environments")


def _sides(entry: Any) -> tuple[Any, Any]:
    return get(entry, f"active.{_SHA}"), get(entry, f"proposed.{_SHA}")


@claim("an environment has no active or no proposed commit")
def _lacks_commits(live: Manifest) -> bool:
    return not all(all(_sides(entry)) for entry in _environments(live))


@claim("environments differ in their commits")
def _is_promoting(live: Manifest) -> bool:
    return len({sha for entry in _environments(live) for sha in _sides(entry)}) > 1


@claim("`status.active` or `status.proposed` has no commit")
def _lacks_commit(live: Manifest) -> bool:
    return not all(_sides(live.get("status")))


@claim("the proposed commit is not the active one")
def _is_transferring(live: Manifest) -> bool:
    active, proposed = _sides(live.get("status"))
    return bool(active != proposed)


def _phase(phase_is: Callable[[str], bool], text: str) -> Any:
    return claim(text)(
        lambda live: any(phase_is(str(e.get("phase") or "pending")) for e in _environments(live))
    )


_timed: Final = _promoted(
    Row(_phase(lambda p: p == "failure", "an environment failed"), DEGRADED, "failed"),
    Row(
        _phase(lambda p: p != "success", "an environment is not done"), PROGRESSING, "still waiting"
    ),
)

PROMOTION: Final[dict[str, Check]] = {
    "promoter.argoproj.io/ArgoCDCommitStatus": _promoted(
        Row(absent("status.applicationsSelected"), DEGRADED, "no Application is selected")
    ),
    "promoter.argoproj.io/ChangeTransferPolicy": _promoted(
        Row(_lacks_commit, PROGRESSING, "Waiting for the commits"),
        Row(_is_transferring, PROGRESSING, "a commit is being promoted"),
    ),
    "promoter.argoproj.io/PromotionStrategy": _promoted(
        Row(absent("status.environments"), DEGRADED, "no environment is configured"),
        Row(_lacks_commits, PROGRESSING, "Waiting for the commits"),
        Row(_is_promoting, PROGRESSING, "a commit is being promoted"),
    ),
    "promoter.argoproj.io/TimedCommitStatus": _timed,
    "promoter.argoproj.io/*": _promoted(),
}

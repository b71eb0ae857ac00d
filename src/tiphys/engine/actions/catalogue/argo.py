"""Actions of the Argo projects' kinds.

Source: `kubectl argo rollouts` (abort, pause, promote, restart, retry); `argo submit --from`; Argo
CD, automated sync policy; GitOps Promoter, PullRequest.
"""

from typing import Any, Final

from tiphys.engine.actions.catalogue.kubernetes import SCALE
from tiphys.engine.actions.changes import (
    drop,
    named_by_time,
    owner_reference,
    put,
    setting,
    stamping,
    timestamp,
)
from tiphys.engine.actions.offers import PLUS, Offer, offer
from tiphys.engine.actions.records import Asked
from tiphys.engine.health.rules import (
    absent,
    both,
    claim,
    either,
    entries,
    field,
    get,
    number,
    present,
    unless,
)
from tiphys.model.keys import Manifest


@claim("it waits, or `spec.paused` is set")
def _is_paused(live: Manifest) -> bool:
    return bool(entries(live, "status.pauseConditions") or get(live, "spec.paused"))


@claim("the stable ReplicaSet is the current one")
def _is_promoted(live: Manifest) -> bool:
    return bool(get(live, "status.currentPodHash") == get(live, "status.stableRS"))


@claim("its controller is older than 0.10")
def _is_old(live: Manifest) -> bool:
    # Since then the observed generation is a number; before it was a hash of the spec.
    observed = str(get(live, "status.observedGeneration") or "")
    return not observed.isdecimal() or int(observed) > number(live, "metadata.generation")


def _steps(live: Manifest) -> int:
    return len(get(live, "spec.strategy.canary.steps") or ())


@claim("it has no step to skip")
def _has_no_step_left(live: Manifest) -> bool:
    return number(live, "status.currentStepIndex") >= _steps(live)


def _resume(manifest: Manifest, _asked: Asked) -> None:
    if get(manifest, "spec.paused"):
        put(manifest, ("spec", "paused"), False)
    if entries(manifest, "status.pauseConditions"):
        drop(manifest, ("status", "pauseConditions"))


def _retry(manifest: Manifest, _asked: Asked) -> None:
    if not get(manifest, "status.abort"):
        return
    # What the analyses of the last try found must not fail the next one at once.
    for path in (
        ("status", "abort"),
        ("status", "blueGreen", "prePromotionAnalysisRunStatus"),
        ("status", "blueGreen", "postPromotionAnalysisRunStatus"),
        ("status", "canary", "currentStepAnalysisRunStatus"),
        ("status", "canary", "currentBackgroundAnalysisRunStatus"),
    ):
        drop(manifest, path)


def _promote_fully(manifest: Manifest, _asked: Asked) -> None:
    if not _is_old(manifest):
        put(manifest, ("status", "promoteFull"), True)
        return
    drop(manifest, ("status", "abort"))
    if _steps(manifest):
        put(manifest, ("status", "currentStepIndex"), _steps(manifest))


def _skip_step(manifest: Manifest, _asked: Asked) -> None:
    if _has_no_step_left(manifest):
        return
    drop(manifest, ("status", "pauseConditions"))
    index = number(manifest, "status.currentStepIndex")
    put(manifest, ("status", "currentStepIndex"), index + 1)


_is_aborted: Final = present("status.abort")
_ROLLOUT: Final = (
    offer(
        "abort",
        setting(("status", "abort"), True),
        disabled=either(_is_promoted, _is_aborted),
    ),
    offer("pause", setting(("spec", "paused"), True), disabled=_is_paused),
    offer(
        "promote-full",
        _promote_fully,
        disabled=either(
            absent("status"),
            _is_promoted,
            both(_is_old, present("spec.strategy.blueGreen")),
        ),
    ),
    offer("restart", stamping(("spec", "restartAt"))),
    offer("resume", _resume, disabled=unless(_is_paused)),
    offer("retry", _retry, disabled=either(_is_promoted, unless(_is_aborted))),
    SCALE,
    offer("skip-current-step", _skip_step, disabled=either(_is_promoted, _has_no_step_left)),
)


@claim("it is over, or being terminated")
def _is_analysed(live: Manifest) -> bool:
    is_over = field("status.phase", "Successful", "Failed", "Error", "Inconclusive")
    return bool(get(live, "spec.terminate")) or is_over(live)


def _is_automated(live: Manifest) -> bool:
    automated = get(live, "spec.syncPolicy.automated")
    return isinstance(automated, dict) and automated.get("enabled") is not False


def _toggle_automation(manifest: Manifest, _asked: Asked) -> None:
    path = ("spec", "syncPolicy", "automated", "enabled")
    put(manifest, path, not _is_automated(manifest))


def _toggle_title(live: Manifest) -> str:
    return "Disable Auto-Sync" if _is_automated(live) else "Enable Auto-Sync"


_INSTANCE: Final = "workflows.argoproj.io/controller-instanceid"


def _workflow(live: Manifest, asked: Asked, labels: Manifest, spec: Any) -> Manifest:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": named_by_time(live, asked),
            "namespace": get(live, "metadata.namespace"),
            "labels": labels,
            "ownerReferences": [owner_reference(live)],
        },
        "spec": spec,
    }


def _from_cron(live: Manifest, asked: Asked) -> Manifest:
    given = get(live, "spec.workflowMetadata") or {}
    labels = {**(given.get("labels") or {})}
    labels["workflows.argoproj.io/cron-workflow"] = get(live, "metadata.name")
    instance = (get(live, "metadata.labels") or {}).get(_INSTANCE)
    if instance is not None:
        labels[_INSTANCE] = instance
    workflow = _workflow(live, asked, labels, live["spec"]["workflowSpec"])
    workflow["metadata"]["annotations"] = {
        **(given.get("annotations") or {}),
        "workflows.argoproj.io/scheduled-time": timestamp(asked),
    }
    if given.get("finalizers"):
        workflow["metadata"]["finalizers"] = given["finalizers"]
    return workflow


def _from_template(live: Manifest, asked: Asked) -> Manifest:
    name = get(live, "metadata.name")
    labels = {"workflows.argoproj.io/workflow-template": name}
    return _workflow(live, asked, labels, {"workflowTemplateRef": {"name": name}})


KINDS: Final[dict[str, tuple[Offer, ...]]] = {
    "argoproj.io/AnalysisRun": (
        offer("terminate", setting(("spec", "terminate"), True), disabled=_is_analysed),
    ),
    "argoproj.io/Application": (
        Offer(name="toggle-auto-sync", change=_toggle_automation, title=_toggle_title),
    ),
    "argoproj.io/CronWorkflow": (
        Offer(name="create-workflow", create=_from_cron, icon=PLUS, title="Create Workflow"),
    ),
    "argoproj.io/Rollout": _ROLLOUT,
    "argoproj.io/WorkflowTemplate": (
        Offer(name="create-workflow", create=_from_template, icon=PLUS, title="Create Workflow"),
    ),
    "promoter.argoproj.io/PullRequest": (offer("merge", setting(("spec", "state"), "merged")),),
}

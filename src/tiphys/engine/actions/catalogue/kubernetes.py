"""Actions of Kubernetes' own workloads.

Source: `kubectl rollout restart`, `kubectl scale`, `kubectl create job --from`; Kubernetes
documentation, "Jobs", "Suspending a Job" and "Terminal Job conditions".
"""

from typing import Any, Final

from tiphys.engine.actions.changes import (
    named_by_time,
    owner_reference,
    put,
    replicas_of,
    setting,
    stamping,
    timestamp,
)
from tiphys.engine.actions.offers import PAUSE, PLAY, PLUS, STOP, Offer, offer
from tiphys.engine.actions.records import ActionParameter, Asked
from tiphys.engine.health.rules import both, claim, condition, either, get, missing, present, unless
from tiphys.model.keys import Manifest

_restart: Final = offer(
    "restart",
    stamping(("spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")),
)


def _scale(manifest: Manifest, asked: Asked) -> None:
    put(manifest, ("spec", "replicas"), replicas_of(asked))


def replicas_parameter(live: Manifest) -> tuple[ActionParameter, ...]:
    """Return the parameter of scaling, what the object has now as its default."""
    replicas = get(live, "spec.replicas")
    return (ActionParameter("replicas", "" if replicas is None else str(replicas)),)


SCALE: Final = Offer(name="scale", change=_scale, parameters=replicas_parameter)

_is_paused: Final = present("spec.paused")
PAUSABLE: Final = (
    offer("pause", setting(("spec", "paused"), True), disabled=_is_paused),
    offer("resume", setting(("spec", "paused"), False), disabled=unless(_is_paused)),
)

_is_suspended: Final = present("spec.suspend")
_SUSPEND: Final = setting(("spec", "suspend"), True)
_RESUME: Final = setting(("spec", "suspend"), False)

_is_over: Final = either(
    *(
        condition(type_, "True")
        for type_ in ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet")
    )
)


def _job(live: Manifest, asked: Asked) -> Manifest:
    template = live["spec"]["jobTemplate"]
    metadata: dict[str, Any] = dict(template.get("metadata") or {})
    annotations = {**(metadata.get("annotations") or {})}
    annotations["cronjob.kubernetes.io/instantiate"] = "manual"
    metadata |= {
        "name": named_by_time(live, asked, "%y%m%d%H%M"),
        "namespace": get(live, "metadata.namespace"),
        "annotations": annotations,
        "ownerReferences": [owner_reference(live, blockOwnerDeletion=True, controller=True)],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": template.get("spec") or {},
    }


@claim("it has a status and is not over")
def _can_be_terminated(live: Manifest) -> bool:
    return bool(live.get("status")) and not _is_over(live)


def _terminate(manifest: Manifest, asked: Asked) -> None:
    if not _can_be_terminated(manifest):
        return
    conditions = manifest["status"].setdefault("conditions", [])
    conditions.append(
        {
            "type": "FailureTarget",
            "status": "True",
            "reason": "ManuallyTerminated",
            "message": "terminated by a person",
            "lastTransitionTime": timestamp(asked),
        }
    )


KINDS: Final[dict[str, tuple[Offer, ...]]] = {
    "apps/DaemonSet": (_restart,),
    "apps/Deployment": (_restart, *PAUSABLE, SCALE),
    "apps/StatefulSet": (_restart, SCALE),
    "batch/CronJob": (
        Offer(name="create-job", create=_job, icon=PLUS, title="Create Job"),
        Offer(name="resume", change=_RESUME, shown=_is_suspended, icon=PLAY),
        Offer(name="suspend", change=_SUSPEND, shown=unless(_is_suspended), icon=PAUSE),
    ),
    "batch/Job": (
        Offer(
            name="resume",
            change=_RESUME,
            shown=both(_is_suspended, unless(_is_over)),
            icon=PLAY,
        ),
        Offer(
            name="suspend",
            change=_SUSPEND,
            shown=both(unless(_is_suspended), unless(_is_over)),
            icon=PAUSE,
        ),
        Offer(
            name="terminate",
            change=_terminate,
            shown=both(unless(missing("status")), unless(_is_over)),
            icon=STOP,
        ),
    ),
}

"""Kinds of the Argo projects: Rollouts, Workflows, Events, Application sets, Image Updater.

Source: Argo Rollouts, Argo Workflows, Argo Events and Argo CD, status fields of each resource.
"""

from typing import Final

from tiphys.engine.health.catalogue.rollouts import rollout
from tiphys.engine.health.rules import (
    DEGRADED,
    HEALTHY,
    PROGRESSING,
    UNKNOWN,
    Check,
    Row,
    Said,
    always,
    check,
    condition,
    field,
    in_order,
)
from tiphys.engine.health.shapes import STALE, words

_EXPERIMENT: Final = {
    HEALTHY: ("Successful",),
    DEGRADED: ("Failed", "Error"),
}

_workflow: Final = check(
    Row(field("status.phase", None, "", "Pending", "Running"), PROGRESSING, "{status.message}"),
    Row(field("status.phase", "Succeeded"), HEALTHY, "{status.message}"),
    Row(field("status.phase", "Failed", "Error"), DEGRADED, "{status.message}"),
    Row(always, UNKNOWN, "{status.message}"),
)

_application_set: Final = check(
    Row(condition("ErrorOccurred", "True"), DEGRADED, "{condition:ErrorOccurred}"),
    Row(condition("ResourcesUpToDate", "False"), DEGRADED, "{condition:ResourcesUpToDate}"),
    Row(condition("RolloutProgressing", "True"), PROGRESSING, "{condition:RolloutProgressing}"),
    Row(condition("ResourcesUpToDate", "True"), HEALTHY, "{condition:ResourcesUpToDate}"),
    Row(always, PROGRESSING, "Waiting for the status to be reported"),
)

_image_updater: Final = check(
    STALE,
    Row(condition("Error", "True"), DEGRADED, "{condition:Error}"),
    Row(condition("Reconciling", "True"), PROGRESSING, "{condition:Reconciling}"),
    Row(condition("Ready", "True"), HEALTHY, "{condition:Ready}"),
    Row(condition("Ready", "False"), DEGRADED, "{condition:Ready}"),
    Row(always, PROGRESSING, "Waiting for condition Ready"),
)

KINDS: Final[dict[str, Check]] = {
    "argocd-image-updater.argoproj.io/ImageUpdater": _image_updater,
    "argoproj.io/AnalysisRun": words(
        "status.phase",
        {**_EXPERIMENT, UNKNOWN: ("Inconclusive",)},
        message="{status.message|status.phase}",
    ),
    "argoproj.io/ApplicationSet": _application_set,
    "argoproj.io/CronWorkflow": check(
        in_order(
            Said("SpecError", "True", DEGRADED),
            Said("SubmissionError", "True", DEGRADED),
            Said("Completed", "True", HEALTHY),
        ),
        Row(always, HEALTHY),
    ),
    "argoproj.io/EventBus": check(
        in_order(Said("Deployed", "False", DEGRADED), Said("Deployed", "True", HEALTHY)),
        Row(always, PROGRESSING, "Waiting for condition Deployed"),
    ),
    "argoproj.io/Experiment": words(
        "status.phase", _EXPERIMENT, message="{status.message|status.phase}"
    ),
    "argoproj.io/Rollout": rollout,
    "argoproj.io/Workflow": _workflow,
    # Elastigroup's fork of Rollouts
    "spot.io/SpotDeployment": rollout,
}

"""What actions objects have, and what running them comes to."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tiphys.engine.actions import ActionError, Impact, available_actions, run_action
from tiphys.engine.actions.catalogue import CATALOGUE
from tiphys.model.keys import Manifest
from tiphys.structured.patches.merge_patch import create_merge_patch

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
STAMP = "2026-03-04T05:06:07Z"


def live_object(kind: str, **fields: Any) -> Manifest:
    group, _, name = kind.rpartition("/")
    metadata = {"name": "web", "namespace": "shop", "uid": "u-1", **fields.pop("metadata", {})}
    return {"apiVersion": f"{group}/v1", "kind": name, "metadata": metadata, **fields}


def offered(live: Manifest) -> dict[str, bool]:
    """The names of the actions, and whether each makes sense now."""
    return {action.name: not action.disabled for action in available_actions(live)}


def patched(kind: str, name: str, parameters: dict[str, str] | None = None, **fields: Any) -> Any:
    live = live_object(kind, **fields)
    (impact,) = run_action(name, live, parameters or {}, NOW)
    assert impact.operation == "patch"
    return create_merge_patch(live, impact.manifest)


ROLLOUT: Manifest = {"currentPodHash": "b", "stableRS": "a", "observedGeneration": "1"}
STEPS = {"strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}}}
ONE = {"generation": 1}


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param(
            live_object("apps/Deployment", spec={"replicas": 2}),
            {"pause": True, "restart": True, "resume": False, "scale": True},
            id="a Deployment",
        ),
        pytest.param(
            live_object("apps/Deployment", spec={"paused": True}),
            {"pause": False, "restart": True, "resume": True, "scale": True},
            id="a paused Deployment",
        ),
        pytest.param(
            live_object("apps/StatefulSet", spec={}),
            {"restart": True, "scale": True},
            id="a StatefulSet",
        ),
        pytest.param(live_object("apps/DaemonSet", spec={}), {"restart": True}, id="a DaemonSet"),
        pytest.param(
            live_object("batch/CronJob", spec={"suspend": False}),
            {"create-job": True, "suspend": True},
            id="a CronJob",
        ),
        pytest.param(
            live_object("batch/CronJob", spec={"suspend": True}),
            {"create-job": True, "resume": True},
            id="a suspended CronJob",
        ),
        pytest.param(
            live_object("batch/Job", spec={}), {"suspend": True}, id="a Job nobody has looked at"
        ),
        pytest.param(
            live_object("batch/Job", spec={}, status={"active": 1}),
            {"suspend": True, "terminate": True},
            id="a running Job",
        ),
        pytest.param(
            live_object(
                "batch/Job",
                spec={},
                status={"conditions": [{"type": "Complete", "status": "True"}]},
            ),
            {},
            id="a Job that is over",
        ),
        pytest.param(
            live_object("argoproj.io/Rollout", spec=STEPS, status=ROLLOUT, metadata=ONE),
            {
                "abort": True,
                "pause": True,
                "promote-full": True,
                "restart": True,
                "resume": False,
                "retry": False,
                "scale": True,
                "skip-current-step": True,
            },
            id="a Rollout on its way",
        ),
        pytest.param(
            live_object(
                "argoproj.io/Rollout",
                spec=STEPS,
                status={"currentPodHash": "a", "stableRS": "a", "currentStepIndex": 2},
            ),
            {
                "abort": False,
                "pause": True,
                "promote-full": False,
                "restart": True,
                "resume": False,
                "retry": False,
                "scale": True,
                "skip-current-step": False,
            },
            id="a Rollout that is done",
        ),
        pytest.param(
            live_object(
                "argoproj.io/Rollout",
                spec=STEPS,
                status={**ROLLOUT, "abort": True, "pauseConditions": [{"reason": "Step"}]},
                metadata=ONE,
            ),
            {
                "abort": False,
                "pause": False,
                "promote-full": True,
                "restart": True,
                "resume": True,
                "retry": True,
                "scale": True,
                "skip-current-step": True,
            },
            id="an aborted Rollout that waits",
        ),
        pytest.param(
            live_object(
                "argoproj.io/Rollout",
                spec={"strategy": {"blueGreen": {"activeService": "web"}}},
                status={**ROLLOUT, "observedGeneration": "7c9b"},
                metadata=ONE,
            ),
            {
                "abort": True,
                "pause": True,
                "promote-full": False,
                "restart": True,
                "resume": False,
                "retry": False,
                "scale": True,
                "skip-current-step": False,
            },
            id="a blue-green Rollout of an old controller",
        ),
        pytest.param(
            live_object("argoproj.io/AnalysisRun", spec={}, status={"phase": "Running"}),
            {"terminate": True},
            id="a running AnalysisRun",
        ),
        pytest.param(
            live_object("argoproj.io/AnalysisRun", spec={}, status={"phase": "Error"}),
            {"terminate": False},
            id="an AnalysisRun that is over",
        ),
        pytest.param(
            live_object("external-secrets.io/ExternalSecret", spec={"refreshInterval": "0s"}),
            {"refresh": False},
            id="an ExternalSecret that is never refreshed",
        ),
        pytest.param(
            live_object(
                "keda.sh/ScaledObject",
                metadata={"annotations": {"autoscaling.keda.sh/paused-replicas": "0"}},
            ),
            {"pause": False, "paused-replicas": True, "resume": True},
            id="a ScaledObject held at a number",
        ),
        pytest.param(
            live_object("kustomize.toolkit.fluxcd.io/Kustomization", spec={"suspend": True}),
            {"reconcile": False, "resume": True, "suspend": False},
            id="a suspended Kustomization",
        ),
        pytest.param(
            live_object(
                "postgresql.cnpg.io/Cluster",
                status={"instancesStatus": {"healthy": ["web-1"]}},
                metadata={"annotations": {"cnpg.io/hibernation": "on"}},
            ),
            {
                "promote": False,
                "rehydrate": True,
                "reload": True,
                "restart": True,
                "suspend": True,
            },
            id="a hibernated cluster of one instance",
        ),
        pytest.param(
            live_object(
                "numaflow.numaproj.io/Pipeline",
                spec={
                    "lifecycle": {"desiredPhase": "Paused"},
                    "metadata": {
                        "annotations": {"numaflow.numaproj.io/allowed-resume-strategies": "fast"}
                    },
                },
                metadata={"labels": {"numaplane.numaproj.io/upgrade-state": "in-progress"}},
            ),
            {
                "force-promote": True,
                "pause": False,
                "unpause-fast": True,
                "unpause-gradual": False,
            },
            id="a paused pipeline that may resume fast only",
        ),
        pytest.param(live_object("v1/ConfigMap"), {}, id="a kind without actions"),
    ],
)
def test_an_object_has_the_actions_that_make_sense_now(
    live: Manifest, expected: dict[str, bool]
) -> None:
    assert offered(live) == expected


ANNOTATIONS = {"annotations": {"keep": "me"}}


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param(
            patched("apps/Deployment", "restart", spec={"template": {}}),
            {
                "spec": {
                    "template": {
                        "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": STAMP}}
                    }
                }
            },
            id="restart stamps the template",
        ),
        pytest.param(
            patched("apps/StatefulSet", "scale", {"replicas": "0"}, spec={"replicas": 3}),
            {"spec": {"replicas": 0}},
            id="scale to nothing",
        ),
        pytest.param(
            patched("apps/Deployment", "resume", spec={"paused": True}),
            {"spec": {"paused": False}},
            id="resume",
        ),
        pytest.param(
            patched("batch/Job", "terminate", spec={}, status={"active": 1}),
            {
                "status": {
                    "conditions": [
                        {
                            "type": "FailureTarget",
                            "status": "True",
                            "reason": "ManuallyTerminated",
                            "message": "terminated by a person",
                            "lastTransitionTime": STAMP,
                        }
                    ]
                }
            },
            id="a terminated Job has a condition that its controller acts on",
        ),
        pytest.param(
            patched(
                "argoproj.io/Rollout",
                "resume",
                spec={"paused": True},
                status={"pauseConditions": [{"reason": "Step"}]},
            ),
            {"spec": {"paused": False}, "status": {"pauseConditions": None}},
            id="a Rollout goes on whatever it waits for",
        ),
        pytest.param(
            patched(
                "argoproj.io/Rollout", "promote-full", metadata=ONE, spec=STEPS, status=ROLLOUT
            ),
            {"status": {"promoteFull": True}},
            id="promotion is one field",
        ),
        pytest.param(
            patched(
                "argoproj.io/Rollout",
                "promote-full",
                metadata=ONE,
                spec=STEPS,
                status={"observedGeneration": "7c9b", "abort": True},
            ),
            {"status": {"abort": None, "currentStepIndex": 2}},
            id="promotion in an old controller goes to the last step",
        ),
        pytest.param(
            patched(
                "argoproj.io/Rollout",
                "retry",
                spec={},
                status={"abort": True, "canary": {"currentStepAnalysisRunStatus": {"name": "a"}}},
            ),
            {"status": {"abort": None, "canary": {"currentStepAnalysisRunStatus": None}}},
            id="a retry forgets the analysis of the last try",
        ),
        pytest.param(
            patched(
                "argoproj.io/Rollout",
                "skip-current-step",
                spec=STEPS,
                status={"currentStepIndex": 1, "pauseConditions": [{}]},
            ),
            {"status": {"currentStepIndex": 2, "pauseConditions": None}},
            id="a skipped step",
        ),
        pytest.param(
            patched(
                "argoproj.io/Rollout",
                "skip-current-step",
                spec=STEPS,
                status={"currentStepIndex": 2},
            ),
            {},
            id="there is no step after the last",
        ),
        pytest.param(
            patched("argoproj.io/Application", "toggle-auto-sync", spec={}),
            {"spec": {"syncPolicy": {"automated": {"enabled": True}}}},
            id="automation is turned on",
        ),
        pytest.param(
            patched(
                "argoproj.io/Application",
                "toggle-auto-sync",
                spec={"syncPolicy": {"automated": {"prune": True}}},
            ),
            {"spec": {"syncPolicy": {"automated": {"enabled": False}}}},
            id="automation is turned off and keeps its options",
        ),
        pytest.param(
            patched("source.toolkit.fluxcd.io/GitRepository", "reconcile", metadata=ANNOTATIONS),
            {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": STAMP}}},
            id="reconcile asks Flux",
        ),
        pytest.param(
            patched("keda.sh/ScaledObject", "paused-replicas", {"replicas": "3"}),
            {"metadata": {"annotations": {"autoscaling.keda.sh/paused-replicas": "3"}}},
            id="a ScaledObject is held at a number",
        ),
        pytest.param(
            patched(
                "keda.sh/ScaledJob",
                "resume",
                metadata={"annotations": {"autoscaling.keda.sh/paused": "true"}},
            ),
            {"metadata": {"annotations": {"autoscaling.keda.sh/paused": None}}},
            id="resume takes the annotation away",
        ),
        pytest.param(
            patched(
                "postgresql.cnpg.io/Cluster",
                "promote",
                {"instance": "any"},
                status={
                    "currentPrimary": "web-2",
                    "instancesStatus": {"healthy": ["web-1", "web-2"]},
                },
            ),
            {
                "status": {
                    "targetPrimary": "web-1",
                    "targetPrimaryTimestamp": STAMP,
                    "phase": "Switchover in progress",
                    "phaseReason": "Switching over to web-1",
                }
            },
            id="the instance behind the last is the first",
        ),
        pytest.param(
            patched(
                "numaplane.numaproj.io/PipelineRollout",
                "unpause-fast",
                spec={"pipeline": {"spec": {"lifecycle": {"desiredPhase": "Paused"}}}},
            ),
            {
                "spec": {
                    "pipeline": {"spec": {"lifecycle": {"desiredPhase": "Running"}}},
                    "strategy": {"pauseResume": {"fastResume": True}},
                }
            },
            id="a roll out of a pipeline resumes fast",
        ),
    ],
)
def test_an_action_changes_what_it_says(patch: Manifest, expected: Manifest) -> None:
    assert patch == expected


def test_a_job_is_created_from_a_cron_job_as_kubectl_does() -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"template": {"spec": {}}}}
    live = live_object("batch/CronJob", spec={"schedule": "@daily", "jobTemplate": template})

    (impact,) = run_action("create-job", live, {}, NOW)

    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": "web",
        "uid": "u-1",
        "blockOwnerDeletion": True,
        "controller": True,
    }
    metadata = {
        "labels": {"app": "web"},
        "name": "web-2603040506",
        "namespace": "shop",
        "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
        "ownerReferences": [owner],
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}
    assert impact == Impact("create", job)


def test_a_workflow_is_created_from_a_cron_workflow() -> None:
    given = {"labels": {"team": "a"}, "finalizers": ["f"]}
    spec = {"workflowMetadata": given, "workflowSpec": {"entrypoint": "main"}}
    labels = {"workflows.argoproj.io/controller-instanceid": "one"}
    live = live_object("argoproj.io/CronWorkflow", spec=spec, metadata={"labels": labels})

    (impact,) = run_action("create-workflow", live, {}, NOW)

    assert impact.operation == "create"
    assert impact.manifest["kind"] == "Workflow"
    assert impact.manifest["spec"] == {"entrypoint": "main"}
    assert impact.manifest["metadata"]["finalizers"] == ["f"]
    assert impact.manifest["metadata"]["labels"] == {
        "team": "a",
        "workflows.argoproj.io/controller-instanceid": "one",
        "workflows.argoproj.io/cron-workflow": "web",
    }


def test_a_backup_is_created_from_a_schedule() -> None:
    spec = {"cluster": {"name": "db"}, "method": "plugin", "schedule": "0 0 0 * * *"}
    live = live_object("postgresql.cnpg.io/ScheduledBackup", spec=spec)

    (impact,) = run_action("create-backup", live, {}, NOW)

    assert impact.manifest["metadata"]["name"] == "web-20260304050607"
    assert impact.manifest["spec"] == {"cluster": {"name": "db"}, "method": "plugin"}


def test_the_name_of_what_is_created_is_not_too_long() -> None:
    live = live_object("argoproj.io/WorkflowTemplate", metadata={"name": "w" * 100})

    (impact,) = run_action("create-workflow", live, {}, NOW)

    assert len(impact.manifest["metadata"]["name"]) == 63
    assert impact.manifest["metadata"]["name"].endswith("-202603040506")


@pytest.mark.parametrize("kind", sorted(CATALOGUE))
def test_no_action_alters_the_object_that_it_is_given(kind: str) -> None:
    spec = {"cluster": {"name": "a"}, "jobTemplate": {"spec": {}}, "workflowSpec": {}}
    status = {"currentPrimary": "web-1", "instancesStatus": {"healthy": ["web-1", "web-2"]}}
    live = live_object(kind, spec=spec, status=status)
    before = copy.deepcopy(live)

    for offer in CATALOGUE[kind]:
        run_action(offer.name, live, {"replicas": "1"}, NOW)

    assert live == before


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        pytest.param("fly", {}, "`apps/Deployment` has no action `fly`", id="an unknown action"),
        pytest.param("scale", {}, "parameter `replicas` is required", id="a missing parameter"),
        pytest.param(
            "scale",
            {"replicas": "-1"},
            "parameter `replicas`: `-1` is not a number of at least 0",
            id="a negative number",
        ),
        pytest.param(
            "scale",
            {"replicas": "1e3"},
            "parameter `replicas`: `1e3` is not a number of at least 0",
            id="no whole number",
        ),
    ],
)
def test_what_cannot_be_run_says_why(name: str, parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ActionError) as caught:
        run_action(name, live_object("apps/Deployment", spec={}), parameters, NOW)

    assert caught.value.what == message


def test_an_object_of_another_shape_is_an_error_of_the_action() -> None:
    with pytest.raises(ActionError, match="unexpected shape"):
        run_action("create-job", live_object("batch/CronJob", spec={}), {}, NOW)


def test_an_action_is_json_as_in_the_api() -> None:
    live = live_object("apps/Deployment", spec={"replicas": 2})

    found = {
        action.name: json.loads(msgspec.json.encode(action)) for action in available_actions(live)
    }

    assert found["resume"] == {"name": "resume", "disabled": True}
    assert found["scale"] == {"name": "scale", "params": [{"name": "replicas", "default": "2"}]}


def test_an_action_has_an_icon_and_a_title_where_argo_cd_gives_one() -> None:
    (create, _suspend) = available_actions(live_object("batch/CronJob", spec={}))
    (toggle,) = available_actions(
        live_object("argoproj.io/Application", spec={"syncPolicy": {"automated": {}}})
    )

    assert (create.display_name, create.icon_class) == ("Create Job", "fa fa-fw fa-plus")
    assert toggle.display_name == "Disable Auto-Sync"

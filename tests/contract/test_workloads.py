"""What a cluster makes of workloads.

The real control plane of these tests has no kubelet: what needs running pods asks the sandbox
alone; what the controller manager says about pods that do not run, both.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.cluster import MERGE_PATCH, Cluster
from tests.e2e.api import eventually

Json = dict[str, Any]


def template(image: str = "example.com/web:1", **spec: Any) -> Json:
    container = {"name": "web", "image": image, "ports": [{"name": "http", "containerPort": 80}]}
    labels = {"app": "web"}
    return {"metadata": {"labels": labels}, "spec": {"containers": [container], **spec}}


def deployment(image: str = "example.com/web:1", **spec: Any) -> Json:
    selector = {"matchLabels": {"app": "web"}}
    spec = {"replicas": 2, "selector": selector, "template": template(image), **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": spec,
    }


class Space:
    """A namespace with what a test does to it."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._cluster = cluster
        self._roots = {
            "apps": f"/apis/apps/v1/namespaces/{namespace}",
            "batch": f"/apis/batch/v1/namespaces/{namespace}",
            "core": f"/api/v1/namespaces/{namespace}",
            "discovery": f"/apis/discovery.k8s.io/v1/namespaces/{namespace}",
        }

    def path(self, path: str) -> str:
        group, _, rest = path.partition("/")
        return f"{self._roots[group]}/{rest}"

    def create(self, path: str, body: Json) -> Json:
        made: Json = self._cluster.post(self.path(path), body).ok()
        return made

    def get(self, path: str) -> Json:
        found: Json = self._cluster.get(self.path(path)).ok()
        return found

    def list(self, path: str) -> list[Json]:
        return list(self.get(path)["items"])

    def merge(self, path: str, body: Json) -> None:
        self._cluster.patch(self.path(path), body, MERGE_PATCH).ok()

    def condition(self, path: str, kind: str) -> tuple[str, str, str]:
        listed = (self.get(path).get("status") or {}).get("conditions") or []
        found: Json = next((c for c in listed if c["type"] == kind), {})
        return found.get("status", ""), found.get("reason", ""), found.get("message", "")

    def eventually_condition(self, path: str, kind: str, reason: str) -> tuple[str, str, str]:
        eventually(f"{path} says {reason}", lambda: self.condition(path, kind)[1] == reason, 30)
        return self.condition(path, kind)


@pytest.fixture
def space(cluster: Cluster, namespace: str) -> Space:
    return Space(cluster, namespace)


def test_a_deployment_owns_a_replica_set_of_its_revision(space: Space) -> None:
    made = space.create("apps/deployments", deployment("example.com/missing:1"))
    found = eventually("a ReplicaSet", lambda: space.list("apps/replicasets"))[0]
    metadata, digest = found["metadata"], found["metadata"]["labels"]["pod-template-hash"]

    assert metadata["name"] == f"web-{digest}"
    assert metadata["ownerReferences"] == [
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True,
            "blockOwnerDeletion": True, "uid": made["metadata"]["uid"],
        }
    ]  # fmt: skip
    assert metadata["annotations"] == {
        "deployment.kubernetes.io/revision": "1",
        "deployment.kubernetes.io/desired-replicas": "2",
        "deployment.kubernetes.io/max-replicas": "3",
    }
    assert found["spec"]["selector"]["matchLabels"]["pod-template-hash"] == digest
    assert found["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] == digest


def test_a_deployment_whose_pods_do_not_run_says_so_and_then_gives_up(space: Space) -> None:
    body = deployment("example.com/missing:1", progressDeadlineSeconds=3)
    space.create("apps/deployments", body)

    assert space.eventually_condition(
        "apps/deployments/web", "Available", "MinimumReplicasUnavailable"
    ) == (
        "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.",
    )  # fmt: skip
    late = space.eventually_condition(
        "apps/deployments/web", "Progressing", "ProgressDeadlineExceeded"
    )
    assert late[0] == "False"
    assert late[2].endswith("has timed out progressing.")


def test_a_paused_deployment_says_so_and_starts_no_rollout(space: Space) -> None:
    space.create("apps/deployments", deployment("example.com/missing:1"))
    eventually("a ReplicaSet", lambda: space.list("apps/replicasets"))
    space.merge("apps/deployments/web", {"spec": {"paused": True}})
    paused = space.eventually_condition("apps/deployments/web", "Progressing", "DeploymentPaused")
    space.merge("apps/deployments/web", {"spec": {"template": template("example.com/missing:2")}})

    assert paused == ("Unknown", "DeploymentPaused", "Deployment is paused")
    assert len(space.list("apps/replicasets")) == 1


def test_a_stateful_set_waits_for_its_first_pod(space: Space) -> None:
    spec = {
        "replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "web"}},
        "template": template("example.com/missing:1"),
    }  # fmt: skip
    body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}}
    space.create("apps/statefulsets", {**body, "spec": spec})
    pods = eventually("a pod", lambda: space.list("core/pods"))
    labels = pods[0]["metadata"]["labels"]
    eventually("a status", lambda: space.get("apps/statefulsets/db")["status"].get("replicas"))
    status = space.get("apps/statefulsets/db")["status"]

    assert [found["metadata"]["name"] for found in pods] == ["db-0"]
    assert labels["apps.kubernetes.io/pod-index"] == "0"
    assert labels["statefulset.kubernetes.io/pod-name"] == "db-0"
    assert labels["controller-revision-hash"] == status["updateRevision"]
    assert (status["replicas"], status["updatedReplicas"], status["availableReplicas"]) == (1, 1, 0)


def test_a_service_has_a_slice_named_after_it(space: Space) -> None:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
    space.create("core/services", {"metadata": {"name": "web"}, "spec": spec})
    found = eventually("a slice", lambda: space.list("discovery/endpointslices"))[0]

    assert found["metadata"]["labels"] == {
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    assert found["addressType"] == "IPv4"


@pytest.mark.sandbox_only
def test_a_rollout_replaces_every_pod_and_can_be_taken_back(space: Space) -> None:
    def is_out(image: str) -> bool:
        pods = [p for p in space.list("core/pods") if "deletionTimestamp" not in p["metadata"]]
        images = [found["spec"]["containers"][0]["image"] for found in pods]
        return (
            images == [image] * 2
            and space.condition("apps/deployments/web", "Progressing")[1]
            == "NewReplicaSetAvailable"
        )

    space.create("apps/deployments", deployment())
    eventually("the first is out", lambda: is_out("example.com/web:1"))
    space.merge("apps/deployments/web", {"spec": {"template": template("example.com/web:2")}})
    eventually("the second is out", lambda: is_out("example.com/web:2"))
    space.merge("apps/deployments/web", {"spec": {"template": template("example.com/web:1")}})
    eventually("the first is out again", lambda: is_out("example.com/web:1"))
    annotations = space.get("apps/deployments/web")["metadata"]["annotations"]

    assert len(space.list("apps/replicasets")) == 2
    assert annotations["deployment.kubernetes.io/revision"] == "3"


@pytest.mark.sandbox_only
def test_a_service_knows_the_addresses_of_ready_pods(space: Space) -> None:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
    space.create("core/services", {"metadata": {"name": "web"}, "spec": spec})
    space.create("apps/deployments", deployment())

    def addresses() -> list[str]:
        slices = space.list("discovery/endpointslices")
        listed = [e for s in slices for e in s.get("endpoints") or () if e["conditions"]["ready"]]
        return sorted(address for endpoint in listed for address in endpoint["addresses"])

    eventually("both pods answer", lambda: len(addresses()) == 2)
    pods = space.list("core/pods")
    assert addresses() == sorted(found["status"]["podIP"] for found in pods)
    assert space.list("discovery/endpointslices")[0]["ports"][0]["port"] == 80


@pytest.mark.sandbox_only
@pytest.mark.parametrize(
    ("spec", "kind", "reason"),
    [
        pytest.param({}, "Complete", "CompletionsReached", id="one success is enough"),
        pytest.param(
            {"completions": 3, "parallelism": 2, "completionMode": "Indexed"},
            "Complete", "CompletionsReached", id="every index succeeds",
        ),
        pytest.param(
            {"backoffLimit": 1, "command": "exit 3"},
            "Failed", "BackoffLimitExceeded", id="too many failures",
        ),
        pytest.param(
            {"activeDeadlineSeconds": 1, "command": "sleep 60"},
            "Failed", "DeadlineExceeded", id="it takes too long",
        ),
        pytest.param({"suspend": True}, "Suspended", "JobSuspended", id="it is suspended"),
    ],
)  # fmt: skip
def test_a_job_ends_as_its_pods_do(space: Space, spec: Json, kind: str, reason: str) -> None:
    pod = template(restartPolicy="Never")
    pod["spec"]["containers"][0]["command"] = ["sh", "-c", spec.pop("command", "true")]
    body = {"metadata": {"name": "job"}, "spec": {"template": pod, **spec}}
    space.create("batch/jobs", body)

    assert space.eventually_condition("batch/jobs/job", kind, reason)[0] == "True"


@pytest.mark.sandbox_only
def test_a_finished_job_goes_when_its_time_is_up(space: Space) -> None:
    spec = {"template": template(restartPolicy="Never"), "ttlSecondsAfterFinished": 0}
    space.create("batch/jobs", {"metadata": {"name": "job"}, "spec": spec})

    eventually("the Job is gone", lambda: not space.list("batch/jobs"))


def test_a_cron_job_whose_time_has_come_starts_a_job(space: Space) -> None:
    job = {"template": template(restartPolicy="Never")}
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": job}}
    made = space.create("batch/cronjobs", {"metadata": {"name": "tick"}, "spec": spec})
    # Its last time is some minutes ago, so that nobody has to wait for the next one.
    last = (datetime.now(UTC) - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    space.merge("batch/cronjobs/tick/status", {"status": {"lastScheduleTime": last}})

    started = eventually("a Job", lambda: space.list("batch/jobs"), 90)[0]
    owner = started["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("CronJob", "tick", True)
    assert owner["uid"] == made["metadata"]["uid"]
    assert started["metadata"]["name"].startswith("tick-")
    assert started["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"]
    active = eventually(
        "it is active", lambda: space.get("batch/cronjobs/tick")["status"].get("active"), 30
    )
    # Another minute may have begun meanwhile.
    assert active[0]["name"] in {job["metadata"]["name"] for job in space.list("batch/jobs")}


def stateful_set(**spec: Any) -> Json:
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    selector = {"matchLabels": {"app": "web"}}
    given = {"replicas": 1, "serviceName": "web", "selector": selector, "template": template()}
    return {"metadata": {"name": "db"}, "spec": {**given, "volumeClaimTemplates": [claim], **spec}}


def test_a_stateful_set_claims_a_volume_for_its_pod(space: Space) -> None:
    space.create("apps/statefulsets", stateful_set())
    pod = eventually("a pod", lambda: space.list("core/pods"), 30)[0]
    claim = space.list("core/persistentvolumeclaims")[0]

    assert (pod["metadata"]["name"], claim["metadata"]["name"]) == ("db-0", "data-db-0")
    volume = next(v for v in pod["spec"]["volumes"] if v["name"] == "data")
    assert volume["persistentVolumeClaim"] == {"claimName": "data-db-0"}


def pods_of(space: Space) -> dict[str, str]:
    """Names and images of pods that stay."""
    return {
        pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"]
        for pod in space.list("core/pods")
        if "deletionTimestamp" not in pod["metadata"]
    }


@pytest.mark.sandbox_only
def test_a_partition_keeps_pods_as_they_were_and_claims_outlive_them(space: Space) -> None:
    space.create("apps/statefulsets", stateful_set(replicas=3))
    eventually("three pods", lambda: len(pods_of(space)) == 3, 30)
    update = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    other = template("example.com/web:2")
    space.merge("apps/statefulsets/db", {"spec": {"updateStrategy": update, "template": other}})
    new = {"db-0": "example.com/web:1", "db-1": "example.com/web:1", "db-2": "example.com/web:2"}
    eventually("the last pod is new", lambda: pods_of(space) == new, 30)

    space.merge("apps/statefulsets/db", {"spec": {"replicas": 1}})
    eventually("one pod is left", lambda: list(pods_of(space)) == ["db-0"], 30)
    claims = [claim["metadata"]["name"] for claim in space.list("core/persistentvolumeclaims")]
    assert sorted(claims) == ["data-db-0", "data-db-1", "data-db-2"]

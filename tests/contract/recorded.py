"""Cases whose answers were recorded off a real API server: cases/GROUP.yaml, answers/GROUP.json.

A case creates an object and, if it says so, changes it or reads it in another version; what counts
is the last answer, whole. A case is a map:

- `name`: a sentence; `manifest`: what is created; NAMESPACE in it is the case's own namespace.
- `given`: objects that are there before.
- `status`: a merge patch of the object's status, sent before `change`.
- `change`: a merge patch of the object; with `by: apply` it is applied server-side, with
  `by: update` it is merged into the object here and sent as an update.
- `read_as`: the API version in which the object is read at last.

`python -m tests.contract.recorded [GROUP...]` records the answers of the server that
TIPHYS_TEST_KUBECONFIG names. The suite holds them against the real server too, so that a
recording that is no longer true is noticed.
"""

import argparse
import copy
import json
import os
import re
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.cluster import Answer, Cluster, at
from tests.contract.sequences import differences
from tests.e2e.api import eventually
from tiphys.structured.patches.merge_patch import apply_merge_patch

FOLDER = Path(__file__).parent
_CLUSTER_SCOPED = {
    "ClusterRole", "ClusterRoleBinding", "IngressClass", "MutatingWebhookConfiguration",
    "Namespace", "PersistentVolume", "PriorityClass", "RuntimeClass", "StorageClass",
    "ValidatingWebhookConfiguration",
}  # fmt: skip
_LATER = {"status", "change", "read_as"}
_WRITTEN_BY_CONTROLLERS = (
    "deployment.kubernetes.io/revision",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/current-metrics",
)
_MASKS = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r'"resourceVersion": "\d+"'), '"resourceVersion": "VERSION"'),
    (re.compile(r"\b10\.96\.\d+\.\d+\b"), "ADDRESS"),
    (re.compile(r"kube-api-access-[a-z0-9]{5}"), "kube-api-access-NAME"),
    (re.compile(r'odePort": 3\d{4}'), 'odePort": "NUMBER"'),
)


def cases(group: str) -> list[dict[str, Any]]:
    """Return the cases of a group."""
    found: list[dict[str, Any]] = yaml.safe_load((FOLDER / "cases" / f"{group}.yaml").read_text())
    return found


def recorded_cases(group: str) -> list[Any]:
    """Return the cases of a group with their recorded answers, as parameters of a test."""
    path = FOLDER / "answers" / f"{group}.json"
    answers = json.loads(path.read_text())["answers"] if path.exists() else {}
    return [pytest.param(case, answers.get(case["name"]), id=case["name"]) for case in cases(group)]


def check(cluster: Cluster, namespace: str, case: dict[str, Any], expected: Any) -> None:
    """Assert that the server answers a case as recorded."""
    assert expected is not None, f"no answer is recorded: python -m {__name__}"
    found = differences(outcome(cluster, namespace, case), expected)
    assert not found, "\n".join(found)


def outcome(cluster: Cluster, namespace: str, case: dict[str, Any]) -> dict[str, Any]:
    """Return what is compared of the last answer of a case."""
    answer = play(cluster, namespace, case)
    return shown(answer, namespace, settled=bool(_LATER & case.keys()))


def play(cluster: Cluster, namespace: str, case: dict[str, Any]) -> Answer:
    """Return the last answer of a case."""
    case = json.loads(json.dumps(case).replace("NAMESPACE", namespace))
    for manifest in case.get("given", ()):
        _create(cluster, namespace, manifest).ok()
    answer = _create(cluster, namespace, case["manifest"])
    try:
        return _go_on(cluster, namespace, case, answer)
    finally:
        for manifest in [case["manifest"], *case.get("given", ())]:
            if manifest["kind"] in _CLUSTER_SCOPED and manifest["metadata"].get("name"):
                cluster.delete(_path(manifest, namespace, manifest["metadata"]["name"]))


def _go_on(cluster: Cluster, namespace: str, case: dict[str, Any], answer: Answer) -> Answer:
    manifest = case["manifest"]
    if not _LATER & case.keys():
        return answer
    made = answer.ok()
    path = _path(manifest, namespace, made["metadata"]["name"])
    if "status" in case:
        cluster.patch(f"{path}/status", {"status": case["status"]}).ok()
    if "change" in case:
        answer = _change(cluster, path, made, case)
    if "read_as" in case:
        answer.ok()
        other = {**manifest, "apiVersion": case["read_as"]}
        answer = cluster.get(_path(other, namespace, made["metadata"]["name"]))
    return answer


def _change(cluster: Cluster, path: str, made: dict[str, Any], case: dict[str, Any]) -> Answer:
    how, change = case.get("by", "patch"), case["change"]
    if how == "apply":
        given = {"apiVersion": made["apiVersion"], "kind": made["kind"], **change}
        return cluster.apply(path, given, force="true")
    if how == "update":
        del made["metadata"]["resourceVersion"]
        return cluster.put(path, apply_merge_patch(copy.deepcopy(made), change))
    return cluster.patch(path, change)


def shown(answer: Answer, namespace: str, *, settled: bool = False) -> dict[str, Any]:
    """Return an answer without what differs from one run to the next.

    Args:
        settled: controllers had the time to write something; it is taken out.
    """
    text = answer.body.decode().strip()
    body = json.loads(text) if text.startswith("{") else text
    if settled and isinstance(body, dict):
        _take_out_controllers(body)
    text = json.dumps(body).replace(namespace, "NAMESPACE")
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return {"code": answer.code, "warnings": list(answer.warnings), "body": json.loads(text)}


def _take_out_controllers(body: dict[str, Any]) -> None:
    metadata = body.get("metadata", {})
    entries = metadata.get("managedFields", [])
    metadata["managedFields"] = [e for e in entries if "controller" not in e["manager"]]
    for name in _WRITTEN_BY_CONTROLLERS:
        metadata.get("annotations", {}).pop(name, None)
    if not metadata.get("annotations"):
        metadata.pop("annotations", None)
    if body.get("kind") not in {"Status", "PersistentVolumeClaim", "PersistentVolume"}:
        body.pop("status", None)


def _create(cluster: Cluster, namespace: str, manifest: dict[str, Any]) -> Answer:
    if manifest["kind"] == "Pod":
        # What admission gives to Pods needs it, and a controller makes it.
        account = at("v1", "serviceaccounts", namespace, "default")
        eventually("the default account", lambda: cluster.get(account).code == 200, 30)
    answer = cluster.post(_path(manifest, namespace), manifest)
    if manifest["kind"] == "ResourceQuota" and answer.code == 201:
        wait_counted(cluster, _path(manifest, namespace, manifest["metadata"]["name"]))
    return answer


def wait_counted(cluster: Cluster, quota: str) -> None:
    """Wait until a quota says what it allows: before that it refuses nothing."""

    def is_counted() -> bool:
        found = cluster.get(quota).ok()
        return bool(found["status"].get("hard") == found["spec"]["hard"])

    eventually("the quota is counted", is_counted, 30)
    if "TIPHYS_TEST_KUBECONFIG" in os.environ:
        time.sleep(0.1)  # what admission of a real server has seen, nothing tells


def _path(manifest: dict[str, Any], namespace: str, name: str = "") -> str:
    kind = manifest["kind"]
    plural = kind.lower() + ("es" if kind.endswith("s") and kind != "Endpoints" else "s")
    plural = re.sub("cys$", "cies", plural).replace("endpointss", "endpoints")
    where = "" if kind in _CLUSTER_SCOPED else namespace
    return at(manifest["apiVersion"], plural, where, name)


def _record(cluster: Cluster, group: str) -> None:
    answers = {}
    for case in cases(group):
        namespace = f"record-{uuid.uuid4().hex[:10]}"
        cluster.post("/api/v1/namespaces", {"metadata": {"name": namespace}}).ok()
        answers[case["name"]] = outcome(cluster, namespace, case)
        cluster.delete(f"/api/v1/namespaces/{namespace}")
    document = {
        "recorded_from": cluster.get("/version").json["gitVersion"],
        "recorded_at": datetime.now(UTC).date().isoformat(),
        "answers": answers,
    }
    text = json.dumps(document, indent=1, sort_keys=True)
    (FOLDER / "answers" / f"{group}.json").write_text(f"{text}\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("group", nargs="*")
    groups = parser.parse_args().group or [p.stem for p in (FOLDER / "cases").glob("*.yaml")]
    cluster = Cluster(Path(os.environ["TIPHYS_TEST_KUBECONFIG"]))
    for group in groups:
        _record(cluster, group)
    cluster.close()


if __name__ == "__main__":
    main()

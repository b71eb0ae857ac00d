"""What workloads own and report: children to make, and the status that their children give."""

import hashlib
from typing import Any

import orjson

Manifest = dict[str, Any]
_HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


def template_hash(template: Manifest) -> str:
    """Return the label that tells the pods of one template from those of another."""
    text = orjson.dumps(template, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=5).hexdigest()


def owned(owner: Manifest, name: str, body: Manifest) -> Manifest:
    """Return a child with its owner reference; `body` lacks only the metadata that all have."""
    metadata = {
        **(body.get("metadata") or {}),
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "ownerReferences": [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    return {**body, "metadata": metadata}


def replica_set(deployment: Manifest, revision: int) -> Manifest:
    """Return the ReplicaSet of a Deployment's current template."""
    spec = deployment["spec"]
    digest = template_hash(spec["template"])
    labels = {**((spec["template"].get("metadata") or {}).get("labels") or {}), _HASH_LABEL: digest}
    template_metadata = {**(spec["template"].get("metadata") or {}), "labels": labels}
    selector = spec["selector"]
    matched = {**(selector.get("matchLabels") or {}), _HASH_LABEL: digest}
    body = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"labels": labels, "annotations": {REVISION: str(revision)}},
        "spec": {
            "replicas": spec.get("replicas", 1),
            "selector": {**selector, "matchLabels": matched},
            "template": {**spec["template"], "metadata": template_metadata},
        },
    }
    return owned(deployment, f"{deployment['metadata']['name']}-{digest}", body)


def pod(owner: Manifest, name: str) -> Manifest:
    """Return a pod of a workload's template, on the one simulated node."""
    template = owner["spec"]["template"]
    metadata = template.get("metadata") or {}
    kept = {k: metadata[k] for k in ("labels", "annotations") if metadata.get(k)}
    spec = {**template["spec"], "nodeName": "sandbox"}
    return owned(owner, name, {"apiVersion": "v1", "kind": "Pod", "metadata": kept, "spec": spec})


def is_ready(found: Manifest) -> bool:
    """Return whether a pod is ready."""
    conditions = (found.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def deployment_status(deployment: Manifest, pods: list[Manifest], now: str) -> Manifest:
    """Return the status of a Deployment whose pods are all of the current template."""
    wanted = deployment["spec"].get("replicas", 1)
    ready = sum(is_ready(found) for found in pods)
    is_available = ready >= wanted
    counts = {
        "replicas": len(pods),
        "updatedReplicas": len(pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(wanted - ready, 0),
    }
    before = {c["type"]: c for c in (deployment.get("status") or {}).get("conditions") or []}
    reason = "NewReplicaSetAvailable" if is_available else "ReplicaSetUpdated"
    availability = "MinimumReplicasAvailable" if is_available else "MinimumReplicasUnavailable"
    conditions = [
        _condition(before, "Available", "True" if is_available else "False", availability, now),
        _condition(before, "Progressing", "True", reason, now),
    ]
    return {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        **{name: count for name, count in counts.items() if count},
        "conditions": conditions,
    }


def replicas_status(owner: Manifest, pods: list[Manifest]) -> Manifest:
    """Return the status of a ReplicaSet, StatefulSet or DaemonSet."""
    ready = sum(is_ready(found) for found in pods)
    seen = {"observedGeneration": owner["metadata"].get("generation", 1)}
    if owner["kind"] == "DaemonSet":
        return {
            **seen,
            "currentNumberScheduled": 1,
            "desiredNumberScheduled": 1,
            "updatedNumberScheduled": len(pods),
            "numberAvailable": ready,
            "numberReady": ready,
            "numberMisscheduled": 0,
        }
    status = {**seen, "replicas": len(pods), "readyReplicas": ready, "availableReplicas": ready}
    if owner["kind"] == "StatefulSet":
        revision = f"{owner['metadata']['name']}-{template_hash(owner['spec']['template'])}"
        status |= {
            "currentReplicas": len(pods),
            "updatedReplicas": len(pods),
            "currentRevision": revision,
            "updateRevision": revision,
            "collisionCount": 0,
        }
    return status


def job_status(job: Manifest, pods: list[Manifest], now: str) -> Manifest:
    """Return the status of a Job."""
    phases = [(found.get("status") or {}).get("phase") for found in pods]
    succeeded, failed = phases.count("Succeeded"), phases.count("Failed")
    spec = job["spec"]
    status: Manifest = {"startTime": job["metadata"]["creationTimestamp"], "ready": 0}
    active = len(pods) - succeeded - failed
    counts = {"active": active, "succeeded": succeeded, "failed": failed}
    status |= {name: count for name, count in counts.items() if count}
    before = {c["type"]: c for c in (job.get("status") or {}).get("conditions") or []}
    if succeeded >= spec.get("completions", 1):
        status["completionTime"] = (job.get("status") or {}).get("completionTime", now)
        status["conditions"] = [_condition(before, "Complete", "True", "CompletionsReached", now)]
    elif failed > spec.get("backoffLimit", 6):
        condition = _condition(before, "Failed", "True", "BackoffLimitExceeded", now)
        condition["message"] = "Job has reached the specified backoff limit"
        status["conditions"] = [condition]
    return status


def _condition(
    before: dict[str, Manifest], kind: str, status: str, reason: str, now: str
) -> Manifest:
    known = before.get(kind)
    if known is not None and known.get("status") == status and known.get("reason") == reason:
        return dict(known)
    return (
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "lastTransitionTime": now,
            "lastUpdateTime": now,
        }
        if kind in {"Available", "Progressing"}
        else {
            "type": kind,
            "status": status,
            "reason": reason,
            "lastProbeTime": now,
            "lastTransitionTime": now,
        }
    )

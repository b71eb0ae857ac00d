"""Times the operations of `structured` that every write and every comparison goes through.

Usage: python -m tests.bench.bench_structured [rounds]
Prints percentiles in microseconds for a Deployment of about 90 fields.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

from tiphys.model.keys import GroupVersionKind
from tiphys.structured.compare import compare
from tiphys.structured.fields import to_fieldset
from tiphys.structured.fieldset import FieldSet
from tiphys.structured.merge import FieldWriter, apply, update_managed_fields
from tiphys.structured.patches.strategic_diff import create_three_way_patch
from tiphys.structured.schema import load_builtin_schema
from tiphys.structured.validation import check

Json = dict[str, Any]
ME = FieldWriter("argocd-controller", "apps/v1", "2026-01-01T00:00:00Z")


def deployment(**spec: Any) -> Json:
    container = {
        "name": "web",
        "image": "registry.example.com/web:1.2.3",
        "args": ["--port", "8080"],
        "env": [{"name": f"VARIABLE_{n}", "value": "value"} for n in range(8)],
        "ports": [
            {"containerPort": 8080, "name": "http"},
            {"containerPort": 9090, "protocol": "TCP"},
        ],
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "securityContext": {"runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/config"},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    labels = {"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "shop"}
    pod = {
        "containers": [container, {"name": "sidecar", "image": "registry.example.com/proxy:1"}],
        "volumes": [
            {"name": "config", "configMap": {"name": "web"}},
            {"name": "tmp", "emptyDir": {}},
        ],
        "serviceAccountName": "web",
    }
    template = {"metadata": {"labels": labels, "annotations": {"checksum": "abc"}}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": labels},
        "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template, **spec},
    }


def percentiles(act: Callable[[], object], rounds: int) -> tuple[float, float, float]:
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1e6)
    taken.sort()
    return taken[rounds // 2], taken[rounds * 95 // 100], taken[rounds * 99 // 100]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    type_ = load_builtin_schema().schema_for(GroupVersionKind("apps", "v1", "Deployment"))
    if type_ is None:
        raise SystemExit("Deployments have no type")
    wanted, changed = deployment(), deployment(replicas=5)
    live = apply(None, wanted, by=ME, schema=type_).object
    status = {**live, "status": {"replicas": 3, "readyReplicas": 3}}
    controller = ME._replace(manager="kube-controller-manager", subresource="status")
    live = update_managed_fields(live, status, by=controller, schema=type_)
    fields = to_fieldset(wanted, type_).to_fields_v1()
    acts: dict[str, Callable[[], object]] = {
        "apply, new object": lambda: apply(None, wanted, by=ME, schema=type_),
        "apply, nothing changes": lambda: apply(live, wanted, by=ME, schema=type_),
        "apply, one field changes": lambda: apply(live, changed, by=ME, schema=type_),
        "update, one field changes": lambda: update_managed_fields(
            live, {**live, "spec": changed["spec"]}, by=controller, schema=type_
        ),
        "compare": lambda: compare(wanted, changed, type_),
        "check": lambda: check(wanted, type_),
        "to_fieldset": lambda: to_fieldset(wanted, type_),
        "from_fields_v1": lambda: FieldSet.from_fields_v1(fields),
        "three-way patch": lambda: create_three_way_patch(wanted, changed, live, type_),
    }
    say = sys.stdout.write
    say(f"{'microseconds':28} {'p50':>8} {'p95':>8} {'p99':>8}\n")
    for name, act in acts.items():
        act()
        say(f"{name:28} " + " ".join(f"{v:8.0f}" for v in percentiles(act, rounds)) + "\n")


if __name__ == "__main__":
    main()

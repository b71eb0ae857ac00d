"""Objects of kinds that have several versions, in the version that is asked for.

An object is kept as it was written last and converted when it is read in another version. What
the older version has no field for it carries in annotations; so nothing is lost on the way.

Source: Kubernetes documentation, "HorizontalPodAutoscaler Walkthrough", and the reference of the
two kinds of events.
"""

from collections.abc import Callable
from typing import Any

import orjson

from tiphys.sandbox.typed.structs import decoded, filled

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_SPECIFIC = {
    "Resource": "resource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
    "ContainerResource": "containerResource",
}
_EVENT_FIELDS = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}


def in_version(manifest: dict[str, Any], api_version: str) -> dict[str, Any]:
    """Return an object in another version of its kind; itself when it is in that one."""
    before = manifest["apiVersion"]
    if before == api_version:
        return manifest
    convert = _CONVERSIONS.get((manifest["kind"], before, api_version))
    other = convert(manifest) if convert else manifest
    return {**other, "apiVersion": api_version}


def converted(manifest: dict[str, Any], api_version: str) -> dict[str, Any]:
    """Return an object of a built-in kind in another version, as its type there holds it."""
    name = f"{api_version}/{manifest['kind']}"
    return filled(decoded(in_version(manifest, api_version), name), name)


def _autoscaler_to_v1(manifest: dict[str, Any]) -> dict[str, Any]:
    spec, status = dict(manifest.get("spec") or {}), dict(manifest.get("status") or {})
    annotations = _annotations(manifest)
    metrics = list(spec.pop("metrics", None) or [])
    cpu = next((m for m in metrics if _cpu_target(m) is not None), None)
    if cpu is not None:
        metrics.remove(cpu)
        spec["targetCPUUtilizationPercentage"] = _cpu_target(cpu)
    kept: dict[str, Any] = {
        "metrics": [_old_metric(metric) for metric in metrics],
        "behavior": {k: v for k, v in _behaviors(spec.pop("behavior", None)).items() if v},
        "current-metrics": status.pop("currentMetrics", None),
        "conditions": status.pop("conditions", None),
    }
    annotations |= {f"{_PREFIX}{n}": orjson.dumps(v).decode() for n, v in kept.items() if v}
    status.setdefault("currentReplicas", 0)
    return _rebuilt(manifest, annotations, {"spec": spec, "status": status})


def _autoscaler_to_v2(manifest: dict[str, Any]) -> dict[str, Any]:
    spec, status = dict(manifest.get("spec") or {}), dict(manifest.get("status") or {})
    annotations = _annotations(manifest)
    kept = {name: _taken(annotations, name) for name in ("metrics", "behavior")}
    metrics = [_new_metric(metric) for metric in _readable(kept["metrics"])]
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    spec["metrics"] = metrics or [default_metric()]
    behavior = {
        name[0].lower() + name[1:]: rules for name, rules in (kept["behavior"] or {}).items()
    }
    spec |= {"behavior": {n: _lowered(r) for n, r in behavior.items()}} if behavior else {}
    status["currentMetrics"] = _taken(annotations, "current-metrics")
    conditions = _taken(annotations, "conditions")
    status |= {"conditions": conditions} if conditions else {}
    status.pop("currentCPUUtilizationPercentage", None)
    return _rebuilt(manifest, annotations, {"spec": spec, "status": status})


def default_metric() -> dict[str, Any]:
    """Return what an autoscaler without a metric goes by.

    The conversion to v2 puts it there, not only defaulting: whoever gives a metric up in v1 while
    another manager owns fields in v2 leaves the metric as it was.
    """
    target = {"type": "Utilization", "averageUtilization": 80}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _rebuilt(
    manifest: dict[str, Any], annotations: dict[str, str], parts: dict[str, Any]
) -> dict[str, Any]:
    metadata = {k: v for k, v in (manifest.get("metadata") or {}).items() if k != "annotations"}
    if annotations:
        metadata["annotations"] = annotations
    return {**manifest, **({"metadata": metadata} if metadata else {}), **parts}


def _annotations(manifest: dict[str, Any]) -> dict[str, str]:
    """Return the annotations; an object of which parts were taken out has no metadata at all."""
    return dict((manifest.get("metadata") or {}).get("annotations") or {})


def _taken(annotations: dict[str, str], name: str) -> Any:
    text = annotations.pop(f"{_PREFIX}{name}", None)
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError:
        return None


def _readable(metrics: Any) -> list[dict[str, Any]]:
    """Return metrics of an annotation; none at all when one of them cannot be a metric."""
    if not isinstance(metrics, list):
        return []
    shapes = {"type": str, **dict.fromkeys(_SPECIFIC.values(), dict)}
    for metric in metrics:
        if not isinstance(metric, dict):
            return []
        if any(not isinstance(metric.get(name, shape()), shape) for name, shape in shapes.items()):
            return []
    return metrics


def _cpu_target(metric: dict[str, Any]) -> Any:
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return (resource.get("target") or {}).get("averageUtilization")


def _old_metric(metric: dict[str, Any]) -> dict[str, Any]:
    """Return a metric as v1 writes it: the target's fields beside the name."""
    field = _SPECIFIC.get(metric.get("type", ""), "")
    if metric.get(field) is None:
        return metric
    given = dict(metric[field])
    target, named = given.pop("target", {}), given.pop("metric", None)
    if named:
        given["metricName"] = named["name"]
    if field == "object":
        given["target"] = given.pop("describedObject", {})
    given |= _old_target(field, target)
    selector = (named or {}).get("selector")
    if selector:
        given["metricSelector" if field == "external" else "selector"] = selector
    return {"type": metric["type"], field: given}


def _old_target(field: str, target: dict[str, Any]) -> dict[str, Any]:
    if "averageUtilization" in target:
        return {"targetAverageUtilization": target["averageUtilization"]}
    if "averageValue" in target:
        name = "averageValue" if field == "object" else "targetAverageValue"
        return {name: target["averageValue"]}
    return {"targetValue": target.get("value", "0")}


def _new_metric(metric: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _new_source(name, given) if name in _SPECIFIC.values() else given
        for name, given in metric.items()
    }


def _new_source(field: str, source: dict[str, Any]) -> dict[str, Any]:
    given = dict(source)
    if field == "object":
        given["describedObject"] = given.pop("target", {})
    target = _new_target(given)
    if "metricName" in given:
        selector = given.pop("metricSelector", None) or given.pop("selector", None)
        named = {"name": given.pop("metricName")}
        given["metric"] = {**named, "selector": selector} if selector else named
    return {**given, "target": target}


def _new_target(given: dict[str, Any]) -> dict[str, Any]:
    percent = given.pop("targetAverageUtilization", None)
    average = given.pop("targetAverageValue", None) or given.pop("averageValue", None)
    value = given.pop("targetValue", "0" if "describedObject" in given else None)
    if percent is not None:
        return {"type": "Utilization", "averageUtilization": percent}
    if average is not None:
        return {"type": "AverageValue", "averageValue": average}
    return {"type": "Value", "value": value}


def _behaviors(behavior: dict[str, Any] | None) -> dict[str, Any]:
    """Return the rules of scaling as the annotation has them, named as in Go."""
    given = behavior or {}
    there = [name for name in ("scaleUp", "scaleDown") if name in given]
    return {name[0].upper() + name[1:]: _raised(given[name]) for name in there}


def _raised(rules: dict[str, Any]) -> dict[str, Any]:
    named = {name[0].upper() + name[1:]: value for name, value in rules.items()}
    policies = [
        {k[0].upper() + k[1:]: v for k, v in p.items()} for p in named.get("Policies") or ()
    ]
    return {
        "StabilizationWindowSeconds": named.get("StabilizationWindowSeconds"),
        "SelectPolicy": named.get("SelectPolicy"),
        "Policies": policies,
        "Tolerance": named.get("Tolerance"),
    }


def _lowered(rules: dict[str, Any]) -> dict[str, Any]:
    lowered = {
        name[0].lower() + name[1:]: value
        for name, value in (rules or {}).items()
        if value is not None
    }
    policies = [
        {k[0].lower() + k[1:]: v for k, v in p.items()} for p in lowered.get("policies") or ()
    ]
    return {**lowered, "policies": policies} if policies else lowered


def _event_to_new(manifest: dict[str, Any]) -> dict[str, Any]:
    return {_EVENT_FIELDS.get(name, name): value for name, value in manifest.items()}


def _event_to_core(manifest: dict[str, Any]) -> dict[str, Any]:
    names = {new: old for old, new in _EVENT_FIELDS.items()}
    return {names.get(name, name): value for name, value in manifest.items()}


_AUTOSCALER = "HorizontalPodAutoscaler"
_CONVERSIONS: dict[tuple[str, str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
    (_AUTOSCALER, "autoscaling/v2", "autoscaling/v1"): _autoscaler_to_v1,
    (_AUTOSCALER, "autoscaling/v1", "autoscaling/v2"): _autoscaler_to_v2,
    ("Event", "v1", "events.k8s.io/v1"): _event_to_new,
    ("Event", "events.k8s.io/v1", "v1"): _event_to_core,
}

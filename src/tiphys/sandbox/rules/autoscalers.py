"""What is wrong with an autoscaler, in the API server's words and order.

Source: Kubernetes API reference, "HorizontalPodAutoscaler v2", and the answers in
tests/contract/answers.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from tiphys.sandbox.names import path_segment_errors
from tiphys.sandbox.problems import Problem, invalid_value, required, unsupported
from tiphys.sandbox.typed.versions import in_version
from tiphys.structured.quantities import parse_quantity

Json = dict[str, Any]

_SOURCES = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
_TARGETS = ("Utilization", "Value", "AverageValue")
_TARGET_TEXT = "must be either Utilization, Value, or AverageValue"
_FROM_ZERO = (
    "must specify at least one Object or External metric to support scaling to zero replicas"
)
_MAX_WINDOW_S, _MAX_PERIOD_S = 3600, 1800


def autoscaler_problems(manifest: Json) -> Iterator[Problem]:
    """Yield what is wrong with an autoscaler of either version; paths are those of the newer."""
    spec = in_version(manifest, "autoscaling/v2").get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if least is not None and least < 0:
        yield invalid_value("spec.minReplicas", str(least), "must be greater than or equal to 0")
    if most < (least or 0):
        text = "must be greater than or equal to `minReplicas`"
        yield invalid_value("spec.maxReplicas", str(most), text)
    target = spec.get("scaleTargetRef") or {}
    yield from _reference_problems(target, "spec.scaleTargetRef")
    if target.get("kind") != "ReplicationController" and not target.get("apiVersion"):
        text = "apiVersion must specify API group"
        yield invalid_value("spec.scaleTargetRef.apiVersion", '""', text)
    metrics = spec.get("metrics") or []
    for place, metric in enumerate(metrics):
        yield from _metric_problems(metric, f"spec.metrics[{place}]")
    if least == 0 and not any(metric.get("type") in {"Object", "External"} for metric in metrics):
        yield "spec.metrics", "FieldValueForbidden", f"Forbidden: {_FROM_ZERO}"
    for name, rules in (spec.get("behavior") or {}).items():
        yield from _behavior_problems(rules, f"spec.behavior.{name}")
    if not most:
        yield required("spec.maxReplicas")


def _reference_problems(reference: Json, path: str) -> Iterator[Problem]:
    for field in ("kind", "name"):
        value = reference.get(field) or ""
        if not value:
            yield required(f"{path}.{field}")
        for text in path_segment_errors(value):
            yield invalid_value(f"{path}.{field}", json.dumps(value), text)


def _metric_problems(metric: Json, path: str) -> Iterator[Problem]:
    named = metric.get("type") or ""
    if not named:
        yield required(f"{path}.type", "must specify a metric source type")
    if named not in _SOURCES:
        yield unsupported(f"{path}.type", named, tuple(sorted(_SOURCES)))
    present = [source for source in _SOURCES.values() if metric.get(source) is not None]
    for source in present[:1]:
        yield from _CHECKS[source](metric[source], f"{path}.{source}")
    wanted = _SOURCES.get(named)
    if wanted and wanted not in present:
        text = "must populate information for the given metric source"
        yield required(f"{path}.{wanted}", text)
    for source in present if len(present) > 1 else ():
        if source != wanted:
            text = "Forbidden: must populate the given metric source only"
            yield f"{path}.{source}", "FieldValueForbidden", text


def _object_problems(source: Json, path: str) -> Iterator[Problem]:
    yield from _reference_problems(source.get("describedObject") or {}, f"{path}.describedObject")
    yield from _identifier_problems(source, path)
    if not {"value", "averageValue"} & (source.get("target") or {}).keys():
        text = "must set either a target value or averageValue"
        yield required(f"{path}.target.averageValue", text)


def _external_problems(source: Json, path: str) -> Iterator[Problem]:
    yield from _identifier_problems(source, path)
    given = {"value", "averageValue"} & (source.get("target") or {}).keys()
    if not given:
        text = "must set either a target value for metric or a per-pod target"
        yield required(f"{path}.target.averageValue", text)
    if len(given) > 1:
        text = "Forbidden: may not set both a target value for metric and a per-pod target"
        yield f"{path}.target.value", "FieldValueForbidden", text


def _pods_problems(source: Json, path: str) -> Iterator[Problem]:
    yield from _identifier_problems(source, path)
    if "averageValue" not in (source.get("target") or {}):
        text = "must specify a positive target averageValue"
        yield required(f"{path}.target.averageValue", text)


def _resource_problems(source: Json, path: str) -> Iterator[Problem]:
    if not source.get("name"):
        yield required(f"{path}.name", "must specify a resource name")
    yield from _use_problems(source, path)


def _container_problems(source: Json, path: str) -> Iterator[Problem]:
    if not source.get("name"):
        yield required(f"{path}.name", "must specify a resource name")
    if not source.get("container"):
        yield required(f"{path}.container", "must specify a container")
    yield from _use_problems(source, path)


def _use_problems(source: Json, path: str) -> Iterator[Problem]:
    target = source.get("target") or {}
    yield from _target_problems(target, f"{path}.target")
    given = {"averageUtilization", "averageValue"} & target.keys()
    if not given:
        text = "must set either a target raw value or a target utilization"
        yield required(f"{path}.target.averageUtilization", text)
    if len(given) > 1:
        text = "Forbidden: may not set both a target raw value and a target utilization"
        yield f"{path}.target.averageValue", "FieldValueForbidden", text


def _identifier_problems(source: Json, path: str) -> Iterator[Problem]:
    name = (source.get("metric") or {}).get("name") or ""
    if not name:
        yield required(f"{path}.metric.name", "must specify a metric name")
    for text in path_segment_errors(name):
        yield invalid_value(f"{path}.metric.name", json.dumps(name), text)
    yield from _target_problems(source.get("target") or {}, f"{path}.target")


def _target_problems(target: Json, path: str) -> Iterator[Problem]:
    named = target.get("type") or ""
    if not named:
        yield required(f"{path}.type", "must specify a metric target type")
    if named not in _TARGETS:
        yield invalid_value(f"{path}.type", json.dumps(named), _TARGET_TEXT)
    for field in ("value", "averageValue"):
        amount = target.get(field)
        if amount is not None and parse_quantity(amount).value <= 0:
            yield invalid_value(f"{path}.{field}", f'"{amount}"', "must be positive")
    percent = target.get("averageUtilization")
    if percent is not None and percent < 1:
        yield invalid_value(f"{path}.averageUtilization", str(percent), "must be greater than 0")


def _behavior_problems(rules: Json, path: str) -> Iterator[Problem]:
    window_s = rules.get("stabilizationWindowSeconds")
    if window_s is not None:
        field = f"{path}.stabilizationWindowSeconds"
        yield from _range_problems(field, window_s, (0, "greater than or equal to"), _MAX_WINDOW_S)
    policy = rules.get("selectPolicy")
    if policy not in {None, "Disabled", "Max", "Min"}:
        yield unsupported(f"{path}.selectPolicy", policy, ("Disabled", "Max", "Min"))
    policies = rules.get("policies") or []
    if not policies:
        yield required(f"{path}.policies", "must specify at least one Policy")
    for place, given in enumerate(policies):
        field = f"{path}.policies[{place}]"
        if given.get("type") not in {"Percent", "Pods"}:
            yield unsupported(f"{field}.type", given.get("type", ""), ("Percent", "Pods"))
        yield from _range_problems(f"{field}.value", given.get("value", 0), (1, "greater than"))
        period_s = given.get("periodSeconds", 0)
        name = f"{field}.periodSeconds"
        yield from _range_problems(name, period_s, (1, "greater than"), _MAX_PERIOD_S)


def _range_problems(
    field: str, value: int, least: tuple[int, str], most: int | None = None
) -> Iterator[Problem]:
    bound, words = least
    if value < bound:
        yield invalid_value(field, str(value), f"must be {words} zero")
    if most is not None and value > most:
        yield invalid_value(field, str(value), f"must be less than or equal to {most}")


_CHECKS: dict[str, Callable[[Json, str], Iterator[Problem]]] = {
    "object": _object_problems,
    "external": _external_problems,
    "pods": _pods_problems,
    "resource": _resource_problems,
    "containerResource": _container_problems,
}

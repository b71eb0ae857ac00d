"""What objects must satisfy, in the API server's words.

Source: Kubernetes API conventions, "Validation"; "Object Names and IDs"; "Labels and Selectors".
"""

import json
from collections.abc import Iterator
from typing import Any

from tiphys.sandbox.problems import Problem
from tiphys.sandbox.rules.fields import field_problems
from tiphys.sandbox.rules.kinds import RULES, change_problems, restart_problems
from tiphys.sandbox.rules.pods import pod_problems
from tiphys.sandbox.rules.selectors import label_selector_problems
from tiphys.sandbox.typed.defaulting import kind_name, table, value_at
from tiphys.sandbox.typed.internal import POD_TEMPLATE, printed
from tiphys.sandbox.typed.kinds import Kind

_SELECTING = {"Deployment.apps", "DaemonSet.apps", "ReplicaSet.apps", "StatefulSet.apps"}


def finalizer_problems(old: dict[str, Any] | None, new: dict[str, Any]) -> Iterator[Problem]:
    """Yield the finalizers that come to an object that is being deleted."""
    before = {} if old is None else old["metadata"]
    if not before.get("deletionTimestamp"):
        return
    known = before.get("finalizers") or []
    more = [name for name in new["metadata"].get("finalizers") or [] if name not in known]
    if more:
        listed = ", ".join(f'"{name}"' for name in more)
        text = (
            "Forbidden: no new finalizers can be added if the object is being deleted, found new "
            f"finalizers []string{{{listed}}}"
        )
        yield "metadata.finalizers", "FieldValueForbidden", text


def spec_problems(manifest: dict[str, Any], kind: Kind) -> Iterator[Problem]:
    """Yield what is wrong with an object of a built-in kind."""
    name = kind_name(kind)
    yield from _missing(manifest, kind)
    if name in _SELECTING:
        unreadable = list(_selector_problems(value_at(manifest, "spec.selector")))
        if unreadable:  # the server asks no further then
            yield from unreadable
            return
        yield from _selection_problems(manifest)
    act = RULES.get(name)
    if act is not None:
        yield from act(manifest)
    path = table()["pod_templates"].get(name)
    spec = value_at(manifest, path) if path else None
    if isinstance(spec, dict):
        yield from pod_problems(spec, path, _claimed(manifest))
        yield from restart_problems(name, spec, path)
    if name == "Service":
        yield from _service_problems(manifest)
    yield from field_problems(manifest, kind)


def _missing(manifest: dict[str, Any], kind: Kind) -> Iterator[Problem]:
    for path in table()["required"].get(kind_name(kind), ()):
        value = value_at(manifest, path)
        if value == {} and path == "spec.selector":
            text = f"empty selector is invalid for {kind.kind.lower()}"
            yield path, "FieldValueInvalid", f"Invalid value: {{}}: {text}"
        elif value in (None, "", [], {}):
            yield path, "FieldValueRequired", "Required value"


def _selector_problems(selector: Any) -> Iterator[Problem]:
    if not isinstance(selector, dict):
        return
    found = list(label_selector_problems(selector, "spec.selector"))
    yield from found
    if found:
        shown = json.dumps(selector, separators=(",", ":"))
        text = f"Invalid value: {shown}: invalid label selector"
        yield "spec.selector", "FieldValueInvalid", text


def _selection_problems(manifest: dict[str, Any]) -> Iterator[Problem]:
    labels = value_at(manifest, "spec.template.metadata.labels") or {}
    if not _is_selected(value_at(manifest, "spec.selector"), labels):
        shown = _go_map(labels) if labels else "null"
        text = f"Invalid value: {shown}: `selector` does not match template `labels`"
        yield "spec.template.metadata.labels", "FieldValueInvalid", text


def _is_selected(selector: Any, labels: dict[str, str]) -> bool:
    if not isinstance(selector, dict):
        return False
    wanted = (selector.get("matchLabels") or {}).items()
    return all(labels.get(key) == value for key, value in wanted)


def _claimed(manifest: dict[str, Any]) -> set[str]:
    claims = value_at(manifest, "spec.volumeClaimTemplates") or ()
    return {str(value_at(claim, "metadata.name")) for claim in claims}


def _service_problems(manifest: dict[str, Any]) -> Iterator[Problem]:
    spec = manifest.get("spec") or {}
    is_headless = spec.get("clusterIP") == "None"
    if not spec.get("ports") and not is_headless and spec.get("type") != "ExternalName":
        yield "spec.ports", "FieldValueRequired", "Required value"


def immutable_problems(old: dict[str, Any], new: dict[str, Any], kind: Kind) -> Iterator[Problem]:
    """Yield the fields that an update may not change."""
    for path in table()["immutable"].get(kind_name(kind), ()):
        before, after = value_at(old, path), value_at(new, path)
        if before is not None and before != after:
            shown = _shown(path, after)
            yield path, "FieldValueInvalid", f"Invalid value: {shown}: field is immutable"
    yield from change_problems(kind_name(kind), old, new)


def _shown(path: str, value: Any) -> str:
    if path == "spec.template":
        return printed(value, POD_TEMPLATE)
    return _go_map(_as_in_go(value) if path == "roleRef" else value)


def _as_in_go(reference: dict[str, Any]) -> dict[str, Any]:
    """Name the fields of a role reference as the internal type does: it has no JSON names."""
    names = {"apiGroup": "APIGroup", "kind": "Kind", "name": "Name"}
    return {names[name]: reference.get(name, "") for name in names}


def _go_map(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f'"{k}":{_go_map(v)}' for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)

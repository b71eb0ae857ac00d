"""What becomes of an object between a request and the store: the API server's own order of steps.

Unknown fields go, defaults come, rules are checked, the generation counts, and who owns what is
written down. A write that changes nothing but times is no write.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from tiphys.sandbox.names import metadata_problems, metadata_warnings
from tiphys.sandbox.registry.carryover import keep_job_selector, stringdata_to_data, untouched
from tiphys.sandbox.registry.scale import is_owned
from tiphys.sandbox.rules.advice import warnings_for
from tiphys.sandbox.rules.objects import (
    finalizer_problems,
    immutable_problems,
    spec_problems,
)
from tiphys.sandbox.serving.custom import as_read
from tiphys.sandbox.serving.definitions import definition_problems
from tiphys.sandbox.statuses import bad_request, invalid
from tiphys.sandbox.storage.stored import Stored
from tiphys.sandbox.typed.decoding import read_changed, read_typed
from tiphys.sandbox.typed.defaulting import fill_in, kind_name, table
from tiphys.sandbox.typed.kinds import Kind, Kinds
from tiphys.sandbox.typed.structs import filled
from tiphys.sandbox.typed.versions import converted, in_version
from tiphys.structured.custom.defaults import default
from tiphys.structured.custom.pruning import prune
from tiphys.structured.custom.validation import validate
from tiphys.structured.fieldset import FieldSet
from tiphys.structured.listitems import ListItemError
from tiphys.structured.merge import FieldWriter, keep_times, update_managed_fields

Check = Callable[[Kind, dict[str, Any] | None, dict[str, Any]], None]
"""Refuses a write: is given the kind, the stored object if there is one, and the new one."""

_KEPT_METADATA = (
    "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
    "resourceVersion",
)  # fmt: skip
_STATUS_WITH_METADATA = {"", "apps", "autoscaling", "batch", "networking.k8s.io", "policy"}
"""Groups in which a write of the status takes the metadata too, as the oldest kinds have it."""
_COUNTED = {
    "Pod", "PodTemplate", "ReplicationController",
    "DaemonSet.apps", "Deployment.apps", "ReplicaSet.apps", "StatefulSet.apps",
    "CronJob.batch", "Job.batch", "HorizontalPodAutoscaler.autoscaling",
    "IngressClass.networking.k8s.io", "Ingress.networking.k8s.io",
    "NetworkPolicy.networking.k8s.io", "PodDisruptionBudget.policy",
    "MutatingWebhookConfiguration.admissionregistration.k8s.io",
    "MutatingAdmissionPolicy.admissionregistration.k8s.io",
    "MutatingAdmissionPolicyBinding.admissionregistration.k8s.io",
    "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
    "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io",
    "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
    "CustomResourceDefinition.apiextensions.k8s.io", "PriorityClass.scheduling.k8s.io",
    "EndpointSlice.discovery.k8s.io", "DeviceClass.resource.k8s.io",
    "ResourceSlice.resource.k8s.io", "FlowSchema.flowcontrol.apiserver.k8s.io",
    "PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io",
}  # fmt: skip
_STATUS = FieldSet(("f:status",))
_ALL_BUT_STATUS = FieldSet(("f:spec", "f:data", "f:metadata"))
_SPEC = FieldSet(("f:spec",))
_ALL_BUT_STATUS_OF_DEPLOYMENT = FieldSet(("f:spec",), {"f:metadata": FieldSet(("f:labels",))})
_NO_RULES = {"apiVersion", "kind", "metadata", "status"}
"""Fields of which no rule of a kind speaks."""


class StrictError(Exception):
    """An object has fields that its kind does not know, or has them twice."""

    def __init__(self, problems: Iterable[str]) -> None:
        found = list(problems)
        lines = [f"\n  {text}" for text in found if text.startswith("line ")]
        parts = [f"yaml: unmarshal errors:{''.join(lines)}"] if lines else []
        parts += [text for text in found if not text.startswith("line ")]
        self.text = f"strict decoding error: {', '.join(parts)}"
        super().__init__(self.text)


class Write(NamedTuple):
    """How a request writes.

    Attributes:
        manager: the field manager.
        now: RFC 3339, whole seconds.
        subresource: "status" or "".
        validation: "Strict", "Warn" or "Ignore".
        dry_run: nothing is stored.
        check: what may refuse the write because of who writes.
        problems: what a strict reader said of the body; warnings, unless validation is Strict.
        is_typed: the object was read as its type holds it.
        is_apply: the object is what an apply led to.
        is_idle: that apply changed nothing but owners.
    """

    manager: str
    now: str
    subresource: str = ""
    validation: str = "Warn"
    dry_run: bool = False
    check: Check | None = None
    problems: tuple[str, ...] = ()
    is_typed: bool = False
    is_apply: bool = False
    is_idle: bool = False

    def field_writer(self, kinds: Kinds, kind: Kind) -> FieldWriter:
        """Return who writes, as managedFields name them."""
        is_status = self.subresource == "status"
        kept_out = _STATUS if kind.has_status else FieldSet()
        versions = kinds.versions_of(kind)
        if kind.is_custom and not is_status:
            versions = versions._replace(all_reset=False)
        ignored = _outside_status(kind) if is_status else kept_out
        return FieldWriter(
            manager=self.manager,
            api_version=kind.gvk.api_version,
            now=self.now,
            subresource=self.subresource,
            ignored=ignored,
            versions=versions,
            empty={} if kind.is_custom else _bare(kind.gvk.api_version, kind.kind),
        )


def prepared(
    kinds: Kinds, kind: Kind, old: dict[str, Any] | None, new: dict[str, Any], write: Write
) -> tuple[dict[str, Any], list[str]]:
    """Return the object as it would be stored, without owners, and warnings.

    Raises:
        StatusError: the object breaks a rule.
    """
    new = {"apiVersion": kind.gvk.api_version, "kind": kind.kind, **new}
    new["apiVersion"], new["kind"] = kind.gvk.api_version, kind.kind
    new["metadata"] = dict(new.get("metadata") or {})
    warnings = list(write.problems)
    if kind.is_custom:
        new, warnings = _known_fields_only(kind, new, write)
    _keep_server_fields(old, new, kind, write)
    metadata = new["metadata"]
    for field in [field for field, value in metadata.items() if value is None]:
        del metadata[field]
    if kind.is_custom:
        if write.is_apply:
            new = read_typed(kind, new).manifest
        new = _defaulted(kind, old, new, write)
        metadata = new["metadata"]
    else:
        complete = untouched(kind, old, new)
        # Parts of the old object are shared with it, and defaults are set in place.
        if old is not None or not write.is_typed:
            new = read_changed(kind, new, complete)
        metadata = new["metadata"]
        stringdata_to_data(new)
        keep_job_selector(old, new)
        fill_in(new, kind, complete)
    problems = [*metadata_problems(new, kind), *finalizer_problems(old, new)]
    problems += _rule_problems(kind, old, new, write)
    if problems:
        failure = invalid(kind.kind, kind.group, metadata.get("name", ""), problems)
        failure.warnings = warnings
        raise failure
    return new, [*warnings, *_advice(kind, old, new, write)]


def _defaulted(
    kind: Kind, old: dict[str, Any] | None, new: dict[str, Any], write: Write
) -> dict[str, Any]:
    """Return a custom resource with the defaults of the version that it is written in.

    What is stored has those of the stored version; a write that leaves it alone adds no others.
    """
    if old is not None and write.is_idle:
        return new
    found: dict[str, Any] = default(new, kind.schema, keep_nulls=write.is_apply)
    if old is not None and write.subresource == "status":
        return {**new, **{name: found[name] for name in ("status",) if name in found}}
    return found


def _advice(kind: Kind, old: dict[str, Any] | None, new: dict[str, Any], write: Write) -> list[str]:
    if kind.is_custom:
        return list(metadata_warnings(old, new, kind))
    if old is not None and write.subresource == "status":
        return []
    found = warnings_for(new, kind)
    if old is None or not found or kind_name(kind) not in table()["pod_templates"]:
        return found
    # Who changes something else is not told again; of a living Pod nobody writes the spec.
    is_same = kind_name(kind) == "Pod" or _intent(old, kind) == _intent(new, kind)
    return [] if is_same else found


def with_owners(
    kinds: Kinds, kind: Kind, objects: tuple[dict[str, Any] | None, ...], write: Write
) -> dict[str, Any]:
    """Return the object with its owners.

    Who scales a custom resource whose replicas nobody owns comes to own nothing: the API server
    cannot track those.

    The objects are the stored one, None for none yet, the new one, and what the request said of it.
    """
    old, new, asked = objects
    assert new is not None
    assert asked is not None
    seen = new
    if old is None and write.subresource == "status":
        seen = {**new, "status": asked.get("status")}
    elif kind.is_custom and old is not None and len(kinds.versions_of(kind).types) > 1:
        seen = _as_asked(kind, new, asked, write)
    try:
        seen = update_managed_fields(
            old, seen, by=write.field_writer(kinds, kind), schema=kinds.type_of(kind)
        )
    except ListItemError as err:
        raise bad_request(str(err)) from err
    owned = {**new, "metadata": seen["metadata"]}
    if kind.is_custom and write.subresource == "scale" and old and not is_owned(kind, old):
        entries = owned["metadata"].get("managedFields") or []
        kept = [entry for entry in entries if entry.get("subresource") != "scale"]
        owned["metadata"]["managedFields"] = kept
    return owned


def _as_asked(
    kind: Kind, new: dict[str, Any], asked: dict[str, Any], write: Write
) -> dict[str, Any]:
    """Return the object that the API server looks for owners in: what is reset is still there."""
    if write.subresource == "scale":
        return new
    found: dict[str, Any] = default(prune(asked, kind.schema), kind.schema)
    return {**found, **{name: new[name] for name in ("apiVersion", "kind", "metadata")}}


@lru_cache(maxsize=1024)
def _bare(api_version: str, kind: str) -> dict[str, Any]:
    bare = {"apiVersion": api_version, "kind": kind, "metadata": {}}
    return filled(bare, f"{api_version}/{kind}")


def counted(
    kind: Kind, old: dict[str, Any] | None, new: dict[str, Any], write: Write
) -> dict[str, Any]:
    """Return the object with its generation; `old` itself when nothing but times differs.

    The generation of some built-in kinds is not counted.
    """
    metadata = new["metadata"]
    is_counted = kind.is_custom or kind_name(kind) in _COUNTED
    if old is None:
        metadata.pop("generation", None)
        if is_counted:
            metadata["generation"] = 1
        return new
    if write.subresource != "status" and is_counted and _intent(old, kind) != _intent(new, kind):
        metadata["generation"] = int(old["metadata"].get("generation", 0)) + 1
    return keep_times(old, new)


def shown(kind: Kind, stored: Stored) -> dict[str, Any]:
    """Return an object in the version of a request; not to be changed."""
    manifest = stored.manifest
    if kind.is_revised:
        return as_read(kind, manifest)
    if manifest["apiVersion"] == kind.gvk.api_version:
        return manifest
    if kind.is_custom:
        pruned: dict[str, Any] = prune(in_version(manifest, kind.gvk.api_version), kind.schema)
        return pruned
    return converted(manifest, kind.gvk.api_version)


def answered(kind: Kind, stored: Stored) -> Any:
    """Return what is to be sent for an object: the stored bytes, unless versions differ."""
    is_whole = stored.body.startswith(b'{"apiVersion":"%b",' % kind.gvk.api_version.encode())
    if is_whole and not kind.is_revised:
        return orjson.Fragment(stored.body)
    return shown(kind, stored)


def listed(kind: Kind, stored: Stored) -> Any:
    """Return what is to be sent for an object of a list; a built-in one does not say its kind."""
    if kind.is_custom:
        return answered(kind, stored)
    start = orjson.dumps({"apiVersion": kind.gvk.api_version, "kind": kind.kind})[:-1] + b","
    if stored.body.startswith(start):
        return orjson.Fragment(b"{" + stored.body[len(start) :])
    return {k: v for k, v in stored.manifest.items() if k not in {"apiVersion", "kind"}}


def _intent(manifest: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """Return what counts as a generation; of a Deployment alone annotations do."""
    intent = {k: value for k, value in manifest.items() if k not in {"metadata", "status"}}
    if kind_name(kind) == "Deployment.apps":
        intent["annotations"] = manifest["metadata"].get("annotations") or {}
    return intent


def _keep_server_fields(
    old: dict[str, Any] | None, new: dict[str, Any], kind: Kind, write: Write
) -> None:
    metadata = new["metadata"]
    if old is None:
        if kind.has_status:
            new.pop("status", None)
    elif write.subresource == "status":
        _take_status_only(old, new, kind)
    else:
        if kind_name(kind) == "Namespace":
            new["spec"] = old.get("spec") or {}  # there is a subresource for its finalizers
        if kind.has_status:
            new.pop("status", None)
            if "status" in old:
                new["status"] = old["status"]
        metadata.update(_server_metadata(old))


def _server_metadata(old: dict[str, Any]) -> dict[str, Any]:
    return {name: old["metadata"].get(name) for name in _KEPT_METADATA}


def _take_status_only(old: dict[str, Any], new: dict[str, Any], kind: Kind) -> None:
    given, metadata = dict(new), dict(old["metadata"])
    if kind.group in _STATUS_WITH_METADATA and not kind.is_custom:
        metadata = {**new["metadata"], **_server_metadata(old)}
        if kind_name(kind) == "Deployment.apps":
            metadata["labels"] = old["metadata"].get("labels")
    new.clear()
    new.update({**old, "metadata": metadata})
    new.pop("status", None)
    fields = given["metadata"].get("managedFields")
    if fields is not None:
        metadata["managedFields"] = fields
    if given.get("status") is not None:
        new["status"] = given["status"]


def _outside_status(kind: Kind) -> FieldSet:
    """Return what a write of the status comes to own nothing of."""
    if kind.is_custom or kind.group not in _STATUS_WITH_METADATA:
        return _ALL_BUT_STATUS
    return _ALL_BUT_STATUS_OF_DEPLOYMENT if kind_name(kind) == "Deployment.apps" else _SPEC


def _known_fields_only(
    kind: Kind, new: dict[str, Any], write: Write
) -> tuple[dict[str, Any], list[str]]:
    unknown: list[str] = []
    owners = new["metadata"].pop("managedFields", None)  # nobody looks for unknown fields in these
    new = prune(new, kind.schema, unknown)
    if owners is not None:
        new["metadata"]["managedFields"] = owners
    if write.validation == "Ignore":
        return new, []
    texts = [*write.problems, *(f'unknown field "{path}"' for path in unknown)]
    if texts and write.validation == "Strict":
        raise StrictError(texts)
    return new, texts


def unknown_fields(kind: Kind, manifest: dict[str, Any], write: Write) -> list[str]:
    """Return what the server warns of in a custom resource, whatever becomes of it.

    Raises:
        StrictError: it does not take it so.
    """
    if not kind.is_custom:
        return []
    return _known_fields_only(kind, {"metadata": {}, **manifest}, write)[1]


def _rule_problems(
    kind: Kind, old: dict[str, Any] | None, new: dict[str, Any], write: Write
) -> Iterable[tuple[str, str, str]]:
    if kind.is_custom:
        status_only = write.subresource == "status"
        found = validate(new, kind.schema or {}, old, status_only=status_only)
        return [(e.path, e.reason, e.message) for e in found]
    if kind_name(kind) == "CustomResourceDefinition.apiextensions.k8s.io":
        return list(definition_problems(old, new))
    is_known = old is not None and new.keys() - untouched(kind, old, new) <= _NO_RULES
    problems = [] if is_known else list(spec_problems(new, kind))
    if old is not None:
        problems += immutable_problems(old, new, kind)
    return problems

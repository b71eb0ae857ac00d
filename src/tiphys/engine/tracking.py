"""Which Application a resource belongs to.

An Application marks what it deploys, by an annotation that names the resource as well
(`<instance>:<group>/<kind>:<namespace>/<name>`), or by a label. Because the annotation names its
resource, a copy of it on another object (controllers copy annotations to what they create) is
recognised as such and never counts.

Source: Argo CD user guide, "Resource Tracking". Where the annotation cannot be parsed the object
is untracked.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from tiphys.model.keys import GroupKind, Manifest, ResourceKey, key_of
from tiphys.model.labels import INSTALLATION_ID, INSTANCE_LABEL, TRACKING_ID

_MAX_LABEL_LENGTH: Final = 63
_CRD: Final = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
# The first label key ever used; charts of that time expect it on pods too.
_HISTORIC_LABEL_KEY: Final = "applications.argoproj.io/app-name"
_WORKLOADS: Final = frozenset({"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"})


class TrackingMethod(StrEnum):
    """Where the mark stands; the values are those of `application.resourceTrackingMethod`."""

    ANNOTATION = "annotation"
    LABEL = "label"
    ANNOTATION_AND_LABEL = "annotation+label"


class TrackingPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How one installation marks resources.

    Attributes:
        method: where the mark stands.
        label_key: the label of the label methods.
        installation_id: tells installations apart that share a cluster; "" when only one does.
    """

    method: TrackingMethod = TrackingMethod.ANNOTATION
    label_key: str = INSTANCE_LABEL
    installation_id: str = ""

    @property
    def uses_annotation(self) -> bool:
        """True when the annotation decides on ownership."""
        return self.method is not TrackingMethod.LABEL


class Tracking(NamedTuple):
    """What a mark says: the Application, and the resource where the mark names one."""

    instance: str
    resource: ResourceKey | None


def parse_tracking_method(text: str) -> TrackingMethod:
    """Return the method that a setting names; anything unknown means annotation."""
    try:
        return TrackingMethod(text)
    except ValueError:
        return TrackingMethod.ANNOTATION


def app_instance_name(app_name: str, app_namespace: str, control_plane_namespace: str) -> str:
    """Return the name by which marks refer to an Application."""
    if app_namespace in {"", control_plane_namespace}:
        return app_name
    return f"{app_namespace}_{app_name}"


def app_qualified_name(instance: str, control_plane_namespace: str) -> str:
    """Return `namespace/name` of the Application that an instance name stands for."""
    namespace, separator, name = instance.partition("_")
    return f"{namespace}/{name}" if separator else f"{control_plane_namespace}/{instance}"


def tracking_id(instance: str, resource: ResourceKey) -> str:
    """Return the annotation's value."""
    group, kind, namespace, name = resource
    return f"{instance}:{group}/{kind}:{namespace}/{name}"


def parse_tracking_id(text: str) -> Tracking | None:
    """Return what an annotation says, or None when it is not of the documented form."""
    parts = text.split(":", 2)
    if len(parts) != 3:
        return None
    instance, group_kind, namespace_name = parts
    if group_kind.count("/") != 1 or namespace_name.count("/") != 1:
        return None
    group, kind = group_kind.split("/")
    namespace, name = namespace_name.split("/")
    return Tracking(instance, ResourceKey(group, kind, namespace, name))


def is_trackable(target: Manifest) -> bool:
    """False for what never gets a mark.

    Custom resource definitions stay unmarked so that no Application ever prunes one, and with it
    every object of its kind.
    """
    return key_of(target).group_kind != _CRD or bool(key_of(target).namespace)


def with_tracking(
    target: Manifest, instance: str, destination_namespace: str, policy: TrackingPolicy
) -> Manifest:
    """Return the target with its mark.

    Args:
        target: a manifest whose namespace is already settled.
        instance: see `app_instance_name`.
        destination_namespace: stands in the mark of a cluster-scoped object.
        policy: how this installation marks.

    Returns:
        A new object that shares what did not change; the input is untouched.
    """
    if not is_trackable(target):
        return target
    metadata = dict(target.get("metadata") or {})
    if policy.uses_annotation:
        metadata["annotations"] = _marked_annotations(
            target, instance, destination_namespace, policy
        )
    marked = {**target, "metadata": metadata}
    if policy.method is TrackingMethod.LABEL:
        _set_label(metadata, policy.label_key, instance)
        if policy.label_key == _HISTORIC_LABEL_KEY:
            return _with_pod_label(marked, instance)
    elif policy.method is TrackingMethod.ANNOTATION_AND_LABEL:
        _set_label(metadata, policy.label_key, _label_value(instance))
    return marked


def _marked_annotations(
    target: Manifest, instance: str, destination_namespace: str, policy: TrackingPolicy
) -> dict[str, str]:
    key = key_of(target)
    if not key.namespace:
        key = key._replace(namespace=destination_namespace)
    annotations = dict((target.get("metadata") or {}).get("annotations") or {})
    annotations[TRACKING_ID] = tracking_id(instance, key)
    if policy.installation_id:
        annotations[INSTALLATION_ID] = policy.installation_id
    else:
        annotations.pop(INSTALLATION_ID, None)
    return annotations


def _set_label(metadata: Manifest, label_key: str, value: str) -> None:
    metadata["labels"] = {**(metadata.get("labels") or {}), label_key: value}


def _label_value(instance: str) -> str:
    # The label only informs here, so shortening beats a refused apply.
    if len(instance) <= _MAX_LABEL_LENGTH:
        return instance
    shortened = instance[:_MAX_LABEL_LENGTH]
    while shortened and not shortened[-1].isalnum():
        shortened = shortened[:-1]
    return shortened


def _with_pod_label(target: Manifest, instance: str) -> Manifest:
    template = (target.get("spec") or {}).get("template")
    if target.get("kind") not in _WORKLOADS or not isinstance(template, dict):
        return target
    metadata = dict(template.get("metadata") or {})
    _set_label(metadata, _HISTORIC_LABEL_KEY, instance)
    spec = {**target["spec"], "template": {**template, "metadata": metadata}}
    return {**target, "spec": spec}


def tracking_of(live: Manifest, policy: TrackingPolicy) -> Tracking | None:
    """Return the mark of a live object, or None when it has none of this installation."""
    metadata = live.get("metadata") or {}
    if not policy.uses_annotation:
        label = (metadata.get("labels") or {}).get(policy.label_key)
        return Tracking(label, None) if label else None
    annotations = metadata.get("annotations") or {}
    if policy.installation_id and annotations.get(INSTALLATION_ID) != policy.installation_id:
        return None
    return parse_tracking_id(annotations.get(TRACKING_ID) or "")


def owner_instance(live: Manifest, policy: TrackingPolicy) -> str | None:
    """Return the Application that owns a live object outright, for the index of the live cache.

    An object with an owner belongs to that owner: ReplicaSets and Pods inherit marks from what
    created them and are children, never resources of the Application.
    """
    if (live.get("metadata") or {}).get("ownerReferences") or _has_inferred_owner(live):
        return None
    mark = tracking_of(live, policy)
    return mark.instance if mark else None


def _has_inferred_owner(live: Manifest) -> bool:
    key = key_of(live)
    if key.group_kind == GroupKind("", "Endpoints"):
        return True
    if key.group_kind == GroupKind("", "Secret"):
        annotations = (live.get("metadata") or {}).get("annotations") or {}
        return (
            live.get("type") == "kubernetes.io/service-account-token"
            and "kubernetes.io/service-account.name" in annotations
            and "kubernetes.io/service-account.uid" in annotations
        )
    return False


def is_self_reference(
    live: Manifest, target: Manifest | None, policy: TrackingPolicy, instance: str
) -> bool:
    """False when the mark on a live object was copied from another object.

    Args:
        live: the object in the cluster.
        target: its own target, None when it has none.
        policy: how this installation marks.
        instance: the Application that asks.
    """
    if not policy.uses_annotation:
        return True
    expected = key_of(target) if target is not None else _tracked_key(live, policy, instance)
    if expected is None:
        return True
    actual = key_of(live)
    same_namespace = not actual.namespace or expected.namespace == actual.namespace
    return (
        same_namespace and expected.name == actual.name and expected.group_kind == actual.group_kind
    )


def _tracked_key(live: Manifest, policy: TrackingPolicy, instance: str) -> ResourceKey | None:
    mark = tracking_of(live, policy)
    return mark.resource if mark is not None and mark.instance == instance else None


def with_backfilled_tracking(live: Manifest, target: Manifest, policy: TrackingPolicy) -> Manifest:
    """Return live as it would look had it been marked by annotation from the start.

    After a switch from the label method, objects carry the label only. That alone is no
    difference worth a sync; an annotation that says something else is.

    Returns:
        `live` itself when nothing is to be filled in, else a new object.
    """
    metadata = live.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    labels = metadata.get("labels") or {}
    if not policy.uses_annotation or TRACKING_ID in annotations or policy.label_key not in labels:
        return live
    wanted = target.get("metadata") or {}
    mark = (wanted.get("annotations") or {}).get(TRACKING_ID)
    if mark is None or _instance_of(mark) != labels[policy.label_key]:
        return live
    filled = {**metadata, "annotations": {**annotations, TRACKING_ID: mark}}
    if policy.label_key not in (wanted.get("labels") or {}):
        filled["labels"] = {k: v for k, v in labels.items() if k != policy.label_key}
    return {**live, "metadata": filled}


def _instance_of(mark: str) -> str:
    return mark.partition(":")[0]

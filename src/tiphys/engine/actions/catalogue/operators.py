"""Actions of operators' kinds: Flux, External Secrets, KEDA, Cluster API, databases.

Source: `flux reconcile|suspend|resume`; External Secrets Operator, "Manual refresh"; KEDA, "Pause
autoscaling"; Cluster API, `clusterctl alpha rollout`; `kubectl cnpg` (restart, reload, promote,
hibernate); CloudNativePG, "Backup"; Percona Operator for MongoDB, "Pause"; mariadb-operator,
"Suspend reconciliation"; Strimzi, "Rolling pods".
"""

from typing import Any, Final

from tiphys.engine.actions.catalogue.kubernetes import PAUSABLE, SCALE
from tiphys.engine.actions.changes import (
    annotation,
    dropping,
    named_by_time,
    owner_reference,
    put,
    replicas_of,
    setting,
    stamping,
    timestamp,
)
from tiphys.engine.actions.offers import PAUSE, PLAY, PLUS, Offer, offer
from tiphys.engine.actions.records import ActionError, ActionParameter, Asked
from tiphys.engine.health.rules import Claim, either, field, get, present, unless
from tiphys.model.keys import Manifest

_is_suspended: Final = present("spec.suspend")
_SUSPENDABLE: Final = (
    offer("resume", setting(("spec", "suspend"), False), disabled=unless(_is_suspended)),
    offer("suspend", setting(("spec", "suspend"), True), disabled=_is_suspended),
)
_RECONCILE: Final = offer(
    "reconcile",
    stamping(annotation("reconcile.fluxcd.io/requestedAt")),
    disabled=_is_suspended,
)
_FLUX: Final = (_RECONCILE, *_SUSPENDABLE)
_FORCE_SYNC: Final = stamping(annotation("force-sync"))


def _has_annotation(key: str, value: str | None = None) -> Claim:
    def holds(live: Manifest) -> bool:
        found = (get(live, "metadata.annotations") or {}).get(key)
        return found is not None if value is None else found == value

    return Claim(holds, f"annotation `{key}` is {'there' if value is None else f'`{value}`'}")


_KEDA: Final = "autoscaling.keda.sh/paused"
_KEDA_REPLICAS: Final = "autoscaling.keda.sh/paused-replicas"
_is_keda_paused: Final = _has_annotation(_KEDA, "true")
_is_held: Final = either(_is_keda_paused, _has_annotation(_KEDA_REPLICAS))
_KEDA_PAUSE: Final = "fa fa-fw fa-pause-circle"
_KEDA_PLAY: Final = "fa fa-fw fa-play-circle"


def _pause_at(manifest: Manifest, asked: Asked) -> None:
    put(manifest, annotation(_KEDA_REPLICAS), str(replicas_of(asked)))


def _paused_at(live: Manifest) -> tuple[ActionParameter, ...]:
    found = (get(live, "metadata.annotations") or {}).get(_KEDA_REPLICAS)
    return (ActionParameter("replicas", str(found or "0")),)


def _keda(paused: Claim) -> tuple[Offer, ...]:
    return (
        Offer(
            name="pause",
            change=setting(annotation(_KEDA), "true"),
            disabled=paused,
            icon=_KEDA_PAUSE,
        ),
        Offer(
            name="resume",
            change=dropping(annotation(_KEDA), annotation(_KEDA_REPLICAS)),
            disabled=unless(paused),
            icon=_KEDA_PLAY,
        ),
    )


_CLUSTER_PAUSED: Final = "cluster.x-k8s.io/paused"
_is_cluster_paused: Final = _has_annotation(_CLUSTER_PAUSED)
_control_plane: Final = (
    offer("pause", setting(annotation(_CLUSTER_PAUSED), ""), disabled=_is_cluster_paused),
    offer("resume", dropping(annotation(_CLUSTER_PAUSED)), disabled=unless(_is_cluster_paused)),
    offer(
        "restart",
        stamping(annotation("cluster.x-k8s.io/restartedAt"), ("spec", "rolloutAfter")),
    ),
)

_ROLLING: Final = "strimzi.io/manual-rolling-update"
_is_pausing: Final = present("spec.pause")

_RECONCILIATION: Final = "cnpg.io/reconciliationLoop"
_HIBERNATION: Final = "cnpg.io/hibernation"
_is_disabled: Final = _has_annotation(_RECONCILIATION, "disabled")
_is_hibernated: Final = _has_annotation(_HIBERNATION, "on")


def _instances(live: Manifest) -> list[Any]:
    return list(get(live, "status.instancesStatus.healthy") or ())


_HAS_NO_REPLICA: Final = Claim(
    lambda live: len(_instances(live)) < 2, "fewer than two instances are healthy"
)


def _promote(manifest: Manifest, asked: Asked) -> None:
    instances = _instances(manifest)
    primary = get(manifest, "status.currentPrimary")
    wanted = asked.parameters.get("instance") or "any"
    if wanted == "any":
        others = [name for name in instances if name != primary]
        # The one behind the primary, so that promoting again and again goes round.
        behind = instances[instances.index(primary) + 1 :] if primary in instances else []
        wanted = next(iter([*behind, *others]), "")
    else:
        by_number = f"{get(manifest, 'metadata.name')}-{wanted}"
        wanted = wanted if wanted in instances else by_number
    if wanted not in instances:
        raise ActionError(f"parameter `instance`: `{wanted[:80]}` is not a healthy instance")
    put(manifest, ("status", "targetPrimary"), wanted)
    put(manifest, ("status", "targetPrimaryTimestamp"), timestamp(asked))
    put(manifest, ("status", "phase"), "Switchover in progress")
    put(manifest, ("status", "phaseReason"), f"Switching over to {wanted}")


def _backup(live: Manifest, asked: Asked) -> Manifest:
    spec = live["spec"]
    kept = ("cluster", "target", "method", "pluginConfiguration", "online", "onlineConfiguration")
    name = get(live, "metadata.name")
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "Backup",
        "metadata": {
            "name": named_by_time(live, asked, "%Y%m%d%H%M%S"),
            "namespace": get(live, "metadata.namespace"),
            "labels": {
                "cnpg.io/cluster": spec["cluster"]["name"],
                "cnpg.io/scheduled-backup": name,
            },
            "ownerReferences": [owner_reference(live, blockOwnerDeletion=True, controller=True)],
        },
        "spec": {key: spec[key] for key in kept if key in spec},
    }


def _one_instance(_live: Manifest) -> tuple[ActionParameter, ...]:
    return (ActionParameter("instance", "any"),)


_CNPG: Final = (
    Offer(
        name="hibernate",
        change=setting(annotation(_HIBERNATION), "on"),
        shown=unless(_is_hibernated),
        icon=PAUSE,
        title="Hibernate Cluster",
    ),
    Offer(
        name="promote",
        change=_promote,
        disabled=_HAS_NO_REPLICA,
        icon="fa fa-fw fa-angles-up",
        title="Promote Replica to Primary",
        parameters=_one_instance,
    ),
    Offer(
        name="rehydrate",
        change=setting(annotation(_HIBERNATION), "off"),
        shown=_is_hibernated,
        icon=PLAY,
        title="Rehydrate Cluster",
    ),
    Offer(
        name="reload",
        change=stamping(annotation("cnpg.io/reloadedAt")),
        icon="fa fa-fw fa-rotate-right",
        title="Reload all Configuration",
    ),
    Offer(
        name="restart",
        change=stamping(annotation("kubectl.kubernetes.io/restartedAt")),
        icon="fa fa-fw fa-recycle",
        title="Rollout restart Cluster",
    ),
    Offer(
        name="resume",
        change=dropping(annotation(_RECONCILIATION)),
        shown=_is_disabled,
        icon=PLAY,
        title="Resume Reconciliation",
    ),
    Offer(
        name="suspend",
        change=setting(annotation(_RECONCILIATION), "disabled"),
        shown=unless(_is_disabled),
        icon=PAUSE,
        title="Suspend Reconciliation",
    ),
)

KINDS: Final[dict[str, tuple[Offer, ...]]] = {
    "cluster.x-k8s.io/Cluster": PAUSABLE,
    "cluster.x-k8s.io/MachineDeployment": (
        *PAUSABLE,
        offer("restart", stamping(("spec", "rolloutAfter"))),
        SCALE,
    ),
    "controlplane.cluster.x-k8s.io/KubeadmControlPlane": _control_plane,
    "core.strimzi.io/StrimziPodSet": (
        offer(
            "restart",
            setting(annotation(_ROLLING), "true"),
            disabled=_has_annotation(_ROLLING, "true"),
        ),
    ),
    "external-secrets.io/ExternalSecret": (
        offer("refresh", _FORCE_SYNC, disabled=field("spec.refreshInterval", "0s")),
    ),
    "external-secrets.io/PushSecret": (offer("push", _FORCE_SYNC),),
    "helm.toolkit.fluxcd.io/HelmRelease": _FLUX,
    "image.toolkit.fluxcd.io/ImageRepository": _FLUX,
    "image.toolkit.fluxcd.io/ImageUpdateAutomation": _FLUX,
    "k8s.mariadb.com/MariaDB": _SUSPENDABLE,
    "keda.sh/ScaledJob": _keda(_is_keda_paused),
    "keda.sh/ScaledObject": (
        *_keda(_is_held),
        Offer(
            name="paused-replicas",
            change=_pause_at,
            disabled=_is_keda_paused,
            icon=_KEDA_PAUSE,
            parameters=_paused_at,
        ),
    ),
    "kustomize.toolkit.fluxcd.io/Kustomization": _FLUX,
    "notification.toolkit.fluxcd.io/Alert": _SUSPENDABLE,
    "notification.toolkit.fluxcd.io/Provider": _SUSPENDABLE,
    "notification.toolkit.fluxcd.io/Receiver": _FLUX,
    "postgresql.cnpg.io/Cluster": _CNPG,
    "postgresql.cnpg.io/ScheduledBackup": (
        Offer(name="create-backup", create=_backup, icon=PLUS, title="Create Backup"),
    ),
    "psmdb.percona.com/PerconaServerMongoDB": (
        offer("pause", setting(("spec", "pause"), True), disabled=_is_pausing),
        offer("unpause", setting(("spec", "pause"), False), disabled=unless(_is_pausing)),
    ),
    "source.toolkit.fluxcd.io/Bucket": _FLUX,
    "source.toolkit.fluxcd.io/GitRepository": _FLUX,
    "source.toolkit.fluxcd.io/HelmChart": _FLUX,
    "source.toolkit.fluxcd.io/HelmRepository": _FLUX,
    "source.toolkit.fluxcd.io/OCIRepository": _FLUX,
}

"""The settings of one installation, as `argocd-cm` and `argocd-cmd-params-cm` give them.

A setting that cannot be read keeps its default and leaves a line in `Settings.problems`: a typing
error in a ConfigMap must not stop deliveries that do not depend on it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from tiphys.model.application import ResourceIgnoreDifferences
from tiphys.model.labels import INSTANCE_LABEL
from tiphys.model.source import Record
from tiphys.settings.customizations import Customizations, parse_customizations
from tiphys.settings.reader import Reader, parse_number

_WITHOUT_EFFECT = (
    (
        "controller.operation.processors",
        "10",
        "operations are carried out by those of controller.status.processors",
    ),
    (
        "controller.resource.health.persist",
        "true",
        "the health of resources stands in the status always",
    ),
)
_UNLIMITED_BYTES = 2**62


class ResourceFilter(Record, frozen=True):
    """One entry of `resource.exclusions` or `.inclusions`; empty lists match all."""

    api_groups: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()


_NO_FILTERS: tuple[ResourceFilter, ...] = ()


class SelfHealBackoff(msgspec.Struct, frozen=True, kw_only=True):
    """How long self heal waits between attempts on one revision; seconds."""

    initial_s: float = 2.0
    factor: float = 3.0
    cap_s: float = 300.0
    fixed_s: float = 0.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One installation's settings; times in seconds.

    Attributes:
        max_chart_bytes: of an unpacked Helm chart.
        max_oci_bytes: of an unpacked OCI artifact.
        oci_media_types: of the layers that are unpacked; empty for the usual ones.
        file_roots: folders of the controller's machine that repositories may lie in.
        inherits_fine_grained: who may update or delete an Application may do so to its objects.
        enforces_rollback: rolling back is a right of its own, not that to sync.
        guards_revisions: syncing to another revision needs the right to override.
        max_log_pods: whose logs one request may read.
        denials_permit: a denial in a project permits the rest, as Argo CD's code reads it.
        sensitive_annotations: keys of annotations whose values are never shown.
        ignore_status_field: "all", "crd" or "none": on which kinds `/status` is not compared.
        problems: one line for each setting that could not be read.
    """

    tracking_method: str = "annotation"
    instance_label_key: str = INSTANCE_LABEL
    installation_id: str = ""
    reconciliation_s: float = 120.0
    reconciliation_jitter_s: float = 60.0
    hard_reconciliation_s: float = 0.0
    in_cluster_enabled: bool = True
    impersonates: bool = False
    requires_account: bool = True
    exclusions: tuple[ResourceFilter, ...] = ()
    inclusions: tuple[ResourceFilter, ...] = ()
    sensitive_annotations: tuple[str, ...] = ()
    ignore_status_field: str = "all"
    ignore_resource_updates_enabled: bool = True
    standard_conditions_enabled: bool = True
    ignore_differences_on_updates: bool = True
    customizations: Customizations = Customizations()
    kustomize_build_options: str = ""
    kustomize_paths: Mapping[str, str] = {}
    kustomize_version_options: Mapping[str, str] = {}
    kustomize_enabled: bool = True
    helm_enabled: bool = True
    jsonnet_enabled: bool = True
    helm_values_file_schemes: tuple[str, ...] = ("https", "http")
    application_namespaces: tuple[str, ...] = ()
    denials_permit: bool = False
    status_processors: int = 20
    self_heal: SelfHealBackoff = SelfHealBackoff()
    sync_timeout_s: float = 0.0
    wave_delay_s: float = 2.0
    render_timeout_s: float = 60.0
    repo_error_grace_s: float = 180.0
    max_directory_bytes: int = 10 * 1024 * 1024
    allow_oob_symlinks: bool = False
    git_timeout_s: float = 15.0
    submodules_enabled: bool = True
    max_chart_bytes: int = 1024**3
    max_oci_bytes: int = 1024**3
    oci_media_types: tuple[str, ...] = ()
    file_roots: tuple[str, ...] = ()
    webhook_max_bytes: int = 50 * 1024 * 1024
    notifications_self_service: bool = False
    inherits_fine_grained: bool = False
    enforces_rollback: bool = False
    guards_revisions: bool = False
    max_log_pods: int = 10
    problems: tuple[str, ...] = ()

    def ignored_differences(self) -> tuple[ResourceIgnoreDifferences, ...]:
        """The system-wide ignore rules, which are applied after an Application's own."""
        return self.customizations.ignored_differences

    def ignored_updates(self) -> tuple[ResourceIgnoreDifferences, ...]:
        """The rules on changes of live objects that are not worth a look."""
        if not self.ignore_resource_updates_enabled:
            return ()
        differences = self.ignored_differences() if self.ignore_differences_on_updates else ()
        return (*self.customizations.ignored_updates, *differences)


def _parse_filters(text: str) -> tuple[ResourceFilter, ...]:
    return msgspec.convert(yaml.safe_load(text) or [], tuple[ResourceFilter, ...])


def _parse_bytes(text: str) -> int:
    units = {"K": 1000, "Ki": 1024, "M": 1000**2, "Mi": 1024**2, "G": 1000**3, "Gi": 1024**3}
    number = text.strip().rstrip("KMGi")
    return int(parse_number(number) * units.get(text.strip()[len(number) :], 1))


def parse_settings(
    argocd_cm: Mapping[str, str],
    cmd_params: Mapping[str, str],
    *,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings that two ConfigMaps' `data` and the environment give.

    Args:
        argocd_cm: data of `argocd-cm`.
        cmd_params: data of `argocd-cmd-params-cm`.
        environment: variables of the process; ARGOCD_SYNC_WAVE_DELAY and
            ARGOCD_GIT_MODULES_ENABLED are looked at.
    """
    cm, params = Reader("argocd-cm", argocd_cm), Reader("argocd-cmd-params-cm", cmd_params)
    env = Reader("environment", environment or {})
    fields = {
        **_compare_fields(cm),
        **_source_fields(cm, params, env),
        **_controller_fields(params),
    }
    wave_delay_s = params.number("controller.sync.wave.delay.seconds", 2.0)
    fields["wave_delay_s"] = env.number("ARGOCD_SYNC_WAVE_DELAY", wave_delay_s)
    problems = (*cm.problems, *params.problems, *env.problems, *_without_effect(params))
    return Settings(**fields, problems=problems)


def _without_effect(params: Reader) -> list[str]:
    """Say which settings of Argo CD somebody changed that mean nothing here, and why."""
    return [
        f"{params.source}: {key}: has no effect: {why}"
        for key, usual, why in _WITHOUT_EFFECT
        if params.text(key, usual) != usual
    ]


def _compare_fields(cm: Reader) -> dict[str, Any]:
    options: dict[str, Any] = cm.read(
        "resource.compareoptions", {}, lambda text: dict(yaml.safe_load(text) or {})
    )
    status_field = str(options.get("ignoreResourceStatusField", "all")).lower()
    customizations, problems = parse_customizations(cm.data)
    cm.problems.extend(problems)
    return {
        "tracking_method": cm.text("application.resourceTrackingMethod", "annotation"),
        "instance_label_key": cm.text("application.instanceLabelKey", INSTANCE_LABEL),
        "installation_id": cm.text("installationID"),
        "reconciliation_s": cm.seconds("timeout.reconciliation", 120.0),
        "reconciliation_jitter_s": cm.seconds("timeout.reconciliation.jitter", 60.0),
        "hard_reconciliation_s": cm.seconds("timeout.hard.reconciliation", 0.0),
        "in_cluster_enabled": cm.flag("cluster.inClusterEnabled", default=True),
        "impersonates": cm.flag("application.sync.impersonation.enabled", default=False),
        "requires_account": cm.flag("application.sync.impersonation.enforced", default=True),
        "exclusions": cm.read("resource.exclusions", _NO_FILTERS, _parse_filters),
        "inclusions": cm.read("resource.inclusions", _NO_FILTERS, _parse_filters),
        "sensitive_annotations": cm.names("resource.sensitive.mask.annotations"),
        "ignore_status_field": "none" if status_field in {"none", "off", "false"} else status_field,
        "ignore_differences_on_updates": bool(
            options.get("ignoreDifferencesOnResourceUpdates", True)
        ),
        "standard_conditions_enabled": cm.flag("resource.standardConditionsEnabled", default=True),
        "ignore_resource_updates_enabled": cm.flag(
            "resource.ignoreResourceUpdatesEnabled", default=True
        ),
        "customizations": customizations,
        "webhook_max_bytes": int(cm.number("webhook.maxPayloadSizeMB", 50) * 1024 * 1024),
        "inherits_fine_grained": not cm.flag(
            "server.rbac.disableApplicationFineGrainedRBACInheritance", default=True
        ),
        "enforces_rollback": cm.flag("server.rbac.rollback.enforce.enable", default=False),
        "guards_revisions": cm.flag(
            "application.sync.requireOverridePrivilegeForRevisionSync", default=False
        ),
        "max_log_pods": int(cm.at_least("server.maxPodLogsToRender", 10, 1)),
    }


def _source_fields(cm: Reader, params: Reader, env: Reader) -> dict[str, Any]:
    return {
        "kustomize_build_options": cm.text("kustomize.buildOptions"),
        "kustomize_paths": cm.family("kustomize.path."),
        "kustomize_version_options": cm.family("kustomize.buildOptions."),
        "kustomize_enabled": cm.flag("kustomize.enable", default=True),
        "helm_enabled": cm.flag("helm.enable", default=True),
        "jsonnet_enabled": cm.flag("jsonnet.enable", default=True),
        "helm_values_file_schemes": cm.names("helm.valuesFileSchemes", ("https", "http")),
        "max_directory_bytes": params.read(
            "reposerver.max.combined.directory.manifests.size", 10 * 1024 * 1024, _parse_bytes
        ),
        "allow_oob_symlinks": params.flag("reposerver.allow.oob.symlinks", default=False),
        "git_timeout_s": params.seconds("reposerver.git.request.timeout", 15.0),
        "submodules_enabled": env.flag(
            "ARGOCD_GIT_MODULES_ENABLED",
            default=params.flag("reposerver.enable.git.submodule", default=True),
        ),
        "max_chart_bytes": _unpacked_limit(params, "helm"),
        "max_oci_bytes": _unpacked_limit(params, "oci"),
        "oci_media_types": params.names("reposerver.oci.layer.media.types"),
        "file_roots": params.names("tiphys.sources.file.roots"),
    }


def _unpacked_limit(params: Reader, kind: str) -> int:
    name = f"{kind}.manifest.max.extracted.size"
    if params.flag(f"reposerver.disable.{name}", default=False):
        return _UNLIMITED_BYTES
    return params.read(f"reposerver.{name}", 1024**3, _parse_bytes)


def _controller_fields(params: Reader) -> dict[str, Any]:
    heal = "controller.self.heal."
    return {
        "application_namespaces": params.names("application.namespaces"),
        "denials_permit": params.flag("tiphys.projects.denials.permit", default=False),
        "notifications_self_service": params.flag(
            "notificationscontroller.selfservice.enabled", default=False
        ),
        "status_processors": int(params.at_least("controller.status.processors", 20, 1)),
        "self_heal": SelfHealBackoff(
            initial_s=params.number(heal + "backoff.timeout.seconds", 2.0),
            factor=params.number(heal + "backoff.factor", 3.0),
            cap_s=params.number(heal + "backoff.cap.seconds", 300.0),
            fixed_s=params.number(heal + "timeout.seconds", 0.0),
        ),
        "sync_timeout_s": params.number("controller.sync.timeout.seconds", 0.0),
        "render_timeout_s": params.at_least("controller.repo.server.timeout.seconds", 60.0, 1),
        "repo_error_grace_s": params.number("controller.repo.error.grace.period.seconds", 180.0),
    }

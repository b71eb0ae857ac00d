"""Annotation, label and finalizer keys that users and tools depend on, and field manager names."""

from typing import Final

API_GROUP: Final = "argoproj.io"
API_VERSION: Final = "argoproj.io/v1alpha1"
IN_CLUSTER_SERVER: Final = "https://kubernetes.default.svc"
IN_CLUSTER_NAME: Final = "in-cluster"
DEFAULT_PROJECT: Final = "default"

FIELD_MANAGER: Final = "argocd-controller"
"""Who applies what stands in Git."""
STATUS_MANAGER: Final = "argocd-application-controller"
"""Who writes everything else, the status of Applications first of all.

An apply removes what its manager owned and applies no more, and it takes over what that manager
wrote otherwise: were it the same one, an Application that stands in Git would lose its status.
"""
KUBECTL_CLIENT_SIDE_APPLY: Final = "kubectl-client-side-apply"

_PREFIX = "argocd.argoproj.io/"

# Read on Applications.
REFRESH: Final = _PREFIX + "refresh"
REFRESH_TIMESTAMP: Final = _PREFIX + "refresh-timestamp"
SKIP_RECONCILE: Final = _PREFIX + "skip-reconcile"
DELETION_APPROVED: Final = _PREFIX + "deletion-approved"
MIGRATION_MANAGER: Final = _PREFIX + "client-side-apply-migration-manager"
MANIFEST_GENERATE_PATHS: Final = _PREFIX + "manifest-generate-paths"
LINK_PREFIX: Final = "link.argocd.argoproj.io/"

# Read on resources.
HOOK: Final = _PREFIX + "hook"
HOOK_DELETE_POLICY: Final = _PREFIX + "hook-delete-policy"
SYNC_WAVE: Final = _PREFIX + "sync-wave"
SYNC_OPTIONS: Final = _PREFIX + "sync-options"
COMPARE_OPTIONS: Final = _PREFIX + "compare-options"
IGNORE_HEALTHCHECK: Final = _PREFIX + "ignore-healthcheck"
IGNORE_RESOURCE_UPDATES: Final = _PREFIX + "ignore-resource-updates"
IGNORE_RESTART_POLICY: Final = _PREFIX + "ignore-restart-policy"
HELM_HOOK: Final = "helm.sh/hook"
HELM_HOOK_WEIGHT: Final = "helm.sh/hook-weight"
HELM_HOOK_DELETE_POLICY: Final = "helm.sh/hook-delete-policy"
HELM_RESOURCE_POLICY: Final = "helm.sh/resource-policy"

# Written on resources.
TRACKING_ID: Final = _PREFIX + "tracking-id"
INSTALLATION_ID: Final = _PREFIX + "installation-id"
INSTANCE_LABEL: Final = "app.kubernetes.io/instance"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

# Finalizers.
RESOURCES_FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
RESOURCES_FINALIZER_FOREGROUND: Final = RESOURCES_FINALIZER + "/foreground"
RESOURCES_FINALIZER_BACKGROUND: Final = RESOURCES_FINALIZER + "/background"
PRE_DELETE_FINALIZER: Final = "pre-delete-finalizer.argocd.argoproj.io"
POST_DELETE_FINALIZER: Final = "post-delete-finalizer.argocd.argoproj.io"
HOOK_FINALIZER: Final = _PREFIX + "hook-finalizer"

# Secrets and ConfigMaps of the control-plane namespace.
SECRET_TYPE: Final = _PREFIX + "secret-type"
MANAGED_BY: Final = "managed-by"
MANAGED_BY_VALUE: Final = "argocd.argoproj.io"
PART_OF: Final = "app.kubernetes.io/part-of"
PART_OF_VALUE: Final = "argocd"
SERVER_MANAGER: Final = "argocd-server"
"""Who writes what people change through the API: passwords, tokens, sessions."""

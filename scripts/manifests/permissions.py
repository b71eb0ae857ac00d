"""What the workload may do: in its own namespace, and in the cluster that it manages."""

from scripts.manifests.naming import CONTROLLER, Install, Manifest, described

_RBAC = "rbac.authorization.k8s.io"
_READ = ["get", "list", "watch"]
_WRITE = ["create", "update", "patch", "delete"]
_COMPONENT = "application-controller"


def namespaced(install: Install) -> list[Manifest]:
    """Return the service account, and what it may do in the namespace of the installation."""
    # Core has no server: it reads settings and writes Applications, Events and nothing else.
    settings = [*_READ, *_WRITE] if install.has_server else _READ
    rules = [
        _rule([""], ["secrets", "configmaps"], settings),
        _rule(
            ["argoproj.io"],
            ["applications", "applicationsets", "appprojects"],
            [*_READ, *_WRITE],
        ),
        _rule([""], ["events"], ["create", "list", "patch"]),
        _rule([""], ["pods"], _READ),  # to see whether Argo CD's controller is alive
        _rule(["coordination.k8s.io"], ["leases"], [*_READ, *_WRITE]),
    ]
    role = described(f"{_RBAC}/v1", "Role", CONTROLLER, _COMPONENT, rules=rules)
    subject = {"kind": "ServiceAccount", "name": CONTROLLER}
    return [
        described("v1", "ServiceAccount", CONTROLLER, _COMPONENT),
        role,
        _binding("RoleBinding", "Role", subject),
    ]


def cluster_wide(install: Install) -> list[Manifest]:
    """Return what it may do everywhere: everything, because anything may stand in Git."""
    rules = [
        _rule(["*"], ["*"], ["*"]),
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]
    subject = {"kind": "ServiceAccount", "name": CONTROLLER, "namespace": install.namespace}
    return [
        described(f"{_RBAC}/v1", "ClusterRole", CONTROLLER, _COMPONENT, rules=rules),
        _binding("ClusterRoleBinding", "ClusterRole", subject),
    ]


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> Manifest:
    return {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}


def _binding(kind: str, role: str, subject: Manifest) -> Manifest:
    reference = {"apiGroup": _RBAC, "kind": role, "name": CONTROLLER}
    return described(
        f"{_RBAC}/v1", kind, CONTROLLER, _COMPONENT, roleRef=reference, subjects=[subject]
    )

"""The one workload of a small installation, and the Services that lead to it.

A StatefulSet, because it never runs two Pods at a time, which two controllers without a shared lock
must not; and because it takes the place of Argo CD's own when it is applied over it.
"""

from scripts.manifests.naming import CONTROLLER, Install, Manifest, described

UID = 10001
_SELECTED = {"app.kubernetes.io/name": CONTROLLER}
_HTTP = 8080
# Container port's name, port, Service and its component: Argo CD's, one per former workload.
_METRICS = (
    ("metrics", 8082, "argocd-metrics", "metrics"),
    ("server-metrics", 8083, "argocd-server-metrics", "server"),
    ("repo-metrics", 8084, "argocd-repo-server", "repo-server"),
    ("notif-metrics", 9001, "argocd-notifications-controller-metrics", "notifications-controller"),
)
_CACHE = "/var/cache/tiphys"
# 125 MiB were measured with 300 Applications; what it takes grows with what is managed.
RESOURCES = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "2Gi"}}


def workload(install: Install) -> Manifest:
    """Return the StatefulSet: every role in one Pod."""
    made = described("apps/v1", "StatefulSet", CONTROLLER, "application-controller")
    labels = dict(made["metadata"]["labels"])
    spec = {
        "serviceName": CONTROLLER,
        "replicas": 1,
        "selector": {"matchLabels": _SELECTED},
        "template": {"metadata": {"labels": labels}, "spec": _pod(install)},
    }
    return {**made, "spec": spec}


def _pod(install: Install) -> Manifest:
    return {
        "serviceAccountName": CONTROLLER,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": UID,
            "runAsGroup": UID,
            "fsGroup": UID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(install)],
        "volumes": [
            {"name": "cache", "emptyDir": {"sizeLimit": "10Gi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}},
        ],
    }


def _container(install: Install) -> Manifest:
    arguments = [
        "run",
        "--namespace=$(POD_NAMESPACE)",
        "--host=0.0.0.0",
        f"--port={_HTTP}",
        "--metrics-host=0.0.0.0",
        f"--metrics-ports={','.join(str(port) for _, port, _, _ in _METRICS)}",
        f"--home={_CACHE}",
    ]
    return {
        "name": CONTROLLER,
        "image": install.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["tiphys"],
        "args": arguments,
        "env": [
            {
                "name": "POD_NAMESPACE",
                "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
            },
            {"name": "HOME", "value": _CACHE},
        ],
        "ports": [
            {"name": "server", "containerPort": _HTTP},
            *({"name": name, "containerPort": port} for name, port, _, _ in _METRICS),
        ],
        # Not an HTTP answer for 30 s where every answer takes milliseconds: the loop hangs.
        "livenessProbe": {**_probe(), "periodSeconds": 10, "failureThreshold": 3},
        "readinessProbe": {**_probe(), "periodSeconds": 5},
        # Caches of large clusters take their time; restarts would only begin anew.
        "startupProbe": {**_probe(), "periodSeconds": 2, "failureThreshold": 150},
        "resources": RESOURCES,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "cache", "mountPath": _CACHE},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }


def _probe() -> Manifest:
    return {"httpGet": {"path": "/healthz", "port": "server"}, "timeoutSeconds": 5}


def services(install: Install) -> list[Manifest]:
    """Return the Services, each under the name that people and tools know."""
    made = [
        _service(service, component, {"metrics": (port, name)})
        for name, port, service, component in _METRICS
        if install.has_server or component in {"metrics", "repo-server"}
    ]
    if install.has_server:
        both = {"http": (80, "server"), "https": (443, "server")}
        made.append(_service("argocd-server", "server", both))
    return made


def _service(name: str, component: str, ports: dict[str, tuple[int, str]]) -> Manifest:
    described_ports = [
        {"name": label, "port": port, "protocol": "TCP", "targetPort": target}
        for label, (port, target) in ports.items()
    ]
    spec = {"selector": _SELECTED, "ports": described_ports}
    return described("v1", "Service", name, component, spec=spec)


def network_policy(install: Install) -> Manifest:
    """Return who may reach the Pod: everybody the server, every namespace the metrics."""
    ingress: list[Manifest] = [
        {
            "from": [{"namespaceSelector": {}}],
            "ports": [{"port": name, "protocol": "TCP"} for name, _, _, _ in _METRICS],
        }
    ]
    if install.has_server:
        ingress.append({"ports": [{"port": "server", "protocol": "TCP"}]})
    spec = {
        "podSelector": {"matchLabels": _SELECTED},
        "policyTypes": ["Ingress"],
        "ingress": ingress,
    }
    name = f"{CONTROLLER}-network-policy"
    component = "application-controller"
    return described("networking.k8s.io/v1", "NetworkPolicy", name, component, spec=spec)

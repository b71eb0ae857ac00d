"""The objects that benchmarks write."""

from typing import Any

Json = dict[str, Any]


def deployment(n: int, image: str = "1") -> Json:
    """Return a typical Deployment: a container with probes, resources, environment, a volume."""
    name = f"web-{n:05}"
    labels = {"app.kubernetes.io/name": "web", "app.kubernetes.io/instance": name}
    container = {
        "name": "web",
        "image": f"registry.example.com/web:{image}",
        "args": ["--port", "8080"],
        "env": [{"name": f"VARIABLE_{k}", "value": "value"} for k in range(6)],
        "ports": [{"containerPort": 8080, "name": "http"}],
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "volumeMounts": [{"name": "config", "mountPath": "/config"}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [container],
                    "volumes": [{"name": "config", "configMap": {"name": name}}],
                },
            },
        },
    }


def configmap(n: int) -> Json:
    """Return a ConfigMap of about a kilobyte."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"config-{n:06}", "labels": {"part": str(n % 10)}},
        "data": {f"key-{k}": "value " * 12 for k in range(8)},
    }

"""The columns that `kubectl get` shows of built-in kinds: (title, priority, rule).

A rule is a path into the object, "a/b" for two counts, or "len:path" for how many there are.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Rule = tuple[str, int, str]

_PODS = [("Containers", 1, "images:name"), ("Images", 1, "images:image")]
_WORKLOAD = [*_PODS, ("Selector", 1, "selector:.spec.selector")]
_BINDING = [
    ("Role", 0, "binding:role"),
    ("Users", 1, "binding:User"),
    ("Groups", 1, "binding:Group"),
    ("ServiceAccounts", 1, "binding:ServiceAccount"),
]
COLUMNS: dict[str, list[Rule]] = {
    "Pod": [
        ("Ready", 0, "pod:ready"),
        ("Status", 0, "pod:status"),
        ("Restarts", 0, "pod:restarts"),
        ("IP", 1, ".status.podIP"),
        ("Node", 1, ".spec.nodeName"),
        ("Nominated Node", 1, ".status.nominatedNodeName"),
        ("Readiness Gates", 1, "gates:"),
    ],
    "Deployment.apps": [
        ("Ready", 0, ".status.readyReplicas/.spec.replicas"),
        ("Up-to-date", 0, "text:.status.updatedReplicas"),
        ("Available", 0, "text:.status.availableReplicas"),
        *_WORKLOAD,
    ],
    "StatefulSet.apps": [("Ready", 0, ".status.readyReplicas/.spec.replicas"), *_PODS],
    "ReplicaSet.apps": [
        ("Desired", 0, "count:.spec.replicas"),
        ("Current", 0, "count:.status.replicas"),
        ("Ready", 0, "count:.status.readyReplicas"),
        *_WORKLOAD,
    ],
    "DaemonSet.apps": [
        ("Desired", 0, "count:.status.desiredNumberScheduled"),
        ("Current", 0, "count:.status.currentNumberScheduled"),
        ("Ready", 0, "count:.status.numberReady"),
        ("Up-to-date", 0, "count:.status.updatedNumberScheduled"),
        ("Available", 0, "count:.status.numberAvailable"),
        ("Node Selector", 0, "selector:.spec.template.spec.nodeSelector"),
        *_WORKLOAD,
    ],
    "Job.batch": [
        ("Status", 0, "job:status"),
        ("Completions", 0, ".status.succeeded/.spec.completions"),
        ("Duration", 0, "duration:"),
        *_WORKLOAD,
    ],
    "CronJob.batch": [
        ("Schedule", 0, ".spec.schedule"),
        ("Timezone", 0, ".spec.timeZone"),
        ("Suspend", 0, "flag:.spec.suspend"),
        ("Active", 0, "count-of:.status.active"),
        ("Last Schedule", 0, "since:.status.lastScheduleTime"),
        *_PODS,
        ("Selector", 1, "selector:.spec.jobTemplate.spec.selector"),
    ],
    "Service": [
        ("Type", 0, ".spec.type"),
        ("Cluster-IP", 0, ".spec.clusterIP"),
        ("External-IP", 0, "service:external"),
        ("Port(s)", 0, "service:ports"),
        ("Selector", 1, "selector:.spec.selector"),
    ],
    "Ingress.networking.k8s.io": [
        ("Class", 0, ".spec.ingressClassName"),
        ("Hosts", 0, "ingress:hosts"),
        ("Address", 0, "ingress:address"),
        ("Ports", 0, "ingress:ports"),
    ],
    "Namespace": [("Status", 0, ".status.phase")],
    "Node": [("Status", 0, "node:status"), ("Version", 0, ".status.nodeInfo.kubeletVersion")],
    "Secret": [("Type", 0, ".type"), ("Data", 0, "len:.data")],
    "ConfigMap": [("Data", 0, "len:.data")],
    "RoleBinding.rbac.authorization.k8s.io": _BINDING,
    "ClusterRoleBinding.rbac.authorization.k8s.io": _BINDING,
    "PodDisruptionBudget.policy": [
        ("Min Available", 0, "n/a:.spec.minAvailable"),
        ("Max Unavailable", 0, "n/a:.spec.maxUnavailable"),
        ("Allowed Disruptions", 0, "count:.status.disruptionsAllowed"),
    ],
    "PersistentVolumeClaim": [
        ("Status", 0, ".status.phase"),
        ("Volume", 0, ".spec.volumeName"),
        ("Capacity", 0, ".status.capacity.storage"),
        ("Access Modes", 0, "modes:"),
        ("StorageClass", 0, ".spec.storageClassName"),
        ("VolumeAttributesClass", 0, "unset:.spec.volumeAttributesClassName"),
        ("VolumeMode", 1, ".spec.volumeMode"),
    ],
    "Event": [
        ("Last Seen", 0, "age:.lastTimestamp"),
        ("Type", 0, ".type"),
        ("Reason", 0, ".reason"),
        ("Object", 0, "event:object"),
        ("Message", 0, ".message"),
    ],
}


def value_of(manifest: dict[str, Any], rule: str) -> Any:
    """Return the cell that a rule gives for an object."""
    head, separator, rest = rule.partition(":")
    if separator and not rule.startswith("."):
        return _SPECIAL[head](manifest, rest)
    if "/" in rule and not rule.startswith("{"):
        done, wanted = rule.split("/", 1)
        return f"{_at(manifest, done) or 0}/{_at(manifest, wanted) or 0}"
    return _or(_at(manifest, rule), "<none>")


def _or(value: Any, word: str) -> Any:
    return word if value is None else value


def _at(value: Any, path: str) -> Any:
    for step in path.strip("{}").split("."):
        name, bracket, index = step.partition("[")
        if name:
            value = value.get(name) if isinstance(value, dict) else None
        if bracket and isinstance(value, list):
            place = index.rstrip("]")
            value = value[int(place)] if place.isdigit() and int(place) < len(value) else None
    return value


def _pod(manifest: dict[str, Any], what: str) -> Any:
    status = manifest.get("status") or {}
    containers = status.get("containerStatuses") or []
    if what == "ready":
        total = len((manifest.get("spec") or {}).get("containers") or [])
        return f"{sum(bool(c.get('ready')) for c in containers)}/{total}"
    if what == "restarts":
        return sum(int(c.get("restartCount", 0)) for c in containers)
    if manifest["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for container in containers:
        state = container.get("state") or {}
        for name in ("waiting", "terminated"):
            if (state.get(name) or {}).get("reason"):
                return state[name]["reason"]
    return status.get("phase", "Unknown")


def _job(manifest: dict[str, Any], _what: str) -> str:
    for condition in (manifest.get("status") or {}).get("conditions") or []:
        if condition.get("status") == "True" and condition["type"] in {"Complete", "Failed"}:
            return str(condition["type"])
    return "Running"


def _images(manifest: dict[str, Any], field: str) -> str:
    template = ".spec.jobTemplate.spec.template" if "jobTemplate" in manifest["spec"] else ""
    spec = _at(manifest, f"{template or '.spec.template'}.spec") or {}
    return ",".join(str(c.get(field, "")) for c in spec.get("containers") or [])


def _service(manifest: dict[str, Any], what: str) -> str:
    if what == "external" and _at(manifest, ".spec.type") == "ExternalName":
        return str(_at(manifest, ".spec.externalName"))
    if what == "external":
        entries = _at(manifest, ".status.loadBalancer.ingress") or []
        return ",".join(e.get("ip") or e.get("hostname") or "" for e in entries) or "<none>"
    ports = _at(manifest, ".spec.ports") or []
    shown = []
    for port in ports:
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(shown) or "<none>"


def _ingress(manifest: dict[str, Any], what: str) -> str:
    if what == "address":
        entries = _at(manifest, ".status.loadBalancer.ingress") or []
        return ",".join(e.get("ip") or e.get("hostname") or "" for e in entries)
    if what == "ports":
        return "80, 443" if _at(manifest, ".spec.tls") else "80"
    rules = _at(manifest, ".spec.rules") or []
    return ",".join(rule.get("host") or "*" for rule in rules) or "*"


def _node(manifest: dict[str, Any], _what: str) -> str:
    conditions = _at(manifest, ".status.conditions") or []
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)
    return "Ready" if ready else "NotReady"


def _event(manifest: dict[str, Any], _what: str) -> str:
    about = manifest.get("involvedObject") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _selector(manifest: dict[str, Any], path: str) -> str:
    found = _at(manifest, path) or {}
    labels = found.get("matchLabels", found) or {}
    pairs = [f"{key}={value}" for key, value in sorted(labels.items()) if isinstance(value, str)]
    return ",".join(pairs) or "<none>"


def _gates(manifest: dict[str, Any], _what: str) -> str:
    gates = _at(manifest, ".spec.readinessGates") or []
    wanted = {gate.get("conditionType") for gate in gates}
    conditions = _at(manifest, ".status.conditions") or []
    met = {c.get("type") for c in conditions if c.get("status") == "True"}
    return f"{len(wanted & met)}/{len(wanted)}" if wanted else "<none>"


def _duration(manifest: dict[str, Any], _what: str) -> str:
    started, ended = (_at(manifest, f".status.{name}Time") for name in ("start", "completion"))
    if not started:
        return ""
    end = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
    return span(int((end - datetime.fromisoformat(started)).total_seconds()))


def _since(manifest: dict[str, Any], path: str) -> str:
    at = _at(manifest, path)
    if not at:
        return "<none>"
    return span(int((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds()))


def _modes(manifest: dict[str, Any], _what: str) -> str:
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX"}
    modes = _at(manifest, ".status.accessModes") or []
    return ",".join(short.get(mode, "RWOP") for mode in modes)


def span(seconds: int) -> str:
    """Return a time span as kubectl shows it."""
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 10:
        return f"{minutes}m{rest}s" if rest else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    return _long_span(minutes)


def _long_span(minutes: int) -> str:
    hours, days = minutes // 60, minutes // 1440
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    return _two(days // 365, "y", days % 365 if days < 8 * 365 else 0, "d")


def _two(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large}{unit}{small}{smaller}" if small else f"{large}{unit}"


def type_of(rule: str) -> str:
    """Return the type of the column that a rule fills."""
    return _TYPES.get(rule.partition(":")[0], "string")


_TYPES = {"count": "integer", "count-of": "integer", "flag": "boolean"}


def _binding(manifest: dict[str, Any], what: str) -> str:
    if what == "role":
        return f"{_at(manifest, '.roleRef.kind')}/{_at(manifest, '.roleRef.name')}"
    return ", ".join(
        f"{subject['namespace']}/{subject['name']}" if what == "ServiceAccount" else subject["name"]
        for subject in manifest.get("subjects") or []
        if subject.get("kind") == what
    )


_SPECIAL: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "pod": _pod,
    "job": _job,
    "images": _images,
    "service": _service,
    "binding": _binding,
    "ingress": _ingress,
    "node": _node,
    "event": _event,
    "len": lambda manifest, path: len(_at(manifest, path) or ()),
    "selector": _selector,
    "gates": _gates,
    "duration": _duration,
    "since": _since,
    "modes": _modes,
    "count-of": lambda manifest, path: len(_at(manifest, path) or ()),
    "flag": lambda manifest, path: bool(_at(manifest, path)),
    "text": lambda manifest, path: _at(manifest, path) or 0,
    "unset": lambda manifest, path: _at(manifest, path) or "<unset>",
    "n/a": lambda manifest, path: _or(_at(manifest, path), "N/A"),
    "count": lambda manifest, path: _at(manifest, path) or 0,
    "age": lambda manifest, path: _at(manifest, path) or "<unknown>",
}

"""Applications as text: pure functions from manifests to what a person reads."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from tiphys.cli.live_tree import LiveNode
from tiphys.cli.tables import colored, shortened, table
from tiphys.model.keys import Manifest

_LIST_COLUMNS = (
    "NAME", "CLUSTER", "NAMESPACE", "PROJECT", "STATUS", "HEALTH", "SYNCPOLICY", "CONDITIONS",
    "REPO", "PATH", "TARGET",
)  # fmt: skip
RESOURCE_COLUMNS = ("GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE")
_LABEL_WIDTH = 20
_SHORT_SHA = 7
_MAX_FAILURES = 20


def list_table(applications: Iterable[Manifest]) -> str:
    """Return the list of Applications."""
    return table(_LIST_COLUMNS, [_list_row(found) for found in applications])


def _list_row(found: Manifest) -> list[str]:
    spec, status = found["spec"], found.get("status") or {}
    source = _sources(spec)[0]
    destination = spec.get("destination") or {}
    conditions = sorted({str(c["type"]) for c in status.get("conditions") or []})
    return [
        f"{found['metadata']['namespace']}/{found['metadata']['name']}",
        destination.get("name") or destination.get("server", ""),
        destination.get("namespace", ""),
        spec.get("project") or "default",
        _status(status, "sync"),
        _status(status, "health"),
        _policy(spec),
        ",".join(conditions) or "<none>",
        source.get("repoURL", ""),
        source.get("path") or source.get("chart", ""),
        source.get("targetRevision", ""),
    ]


def _sources(spec: Manifest) -> list[Manifest]:
    return spec.get("sources") or [spec.get("source") or {}]


def _status(status: dict[str, Any], field: str) -> str:
    return str((status.get(field) or {}).get("status") or "Unknown")


def _policy(spec: dict[str, Any]) -> str:
    automated = (spec.get("syncPolicy") or {}).get("automated")
    if automated is None or automated.get("enabled") is False:
        return "Manual"
    return "Auto-Prune" if automated.get("prune") else "Auto"


def application_text(found: Manifest, *, with_resources: bool = True) -> str:
    """Return how an Application stands: a few lines, its conditions, its resources."""
    spec, status = found["spec"], found.get("status") or {}
    destination = spec.get("destination") or {}
    health = status.get("health") or {}
    lines = [
        _line("Name", f"{found['metadata']['namespace']}/{found['metadata']['name']}"),
        _line("Project", spec.get("project") or "default"),
        _line("Server", destination.get("server") or destination.get("name", "")),
        _line("Namespace", destination.get("namespace", "")),
        *_source_lines(spec),
        _line("Sync Policy", _policy_text(spec)),
        _line("Sync Status", _sync_text(spec, status)),
        _line("Health Status", colored(_status(status, "health"))),
        *_deletion(found["metadata"]),
    ]
    if health.get("message"):
        lines.append(_line("", shortened(health["message"])))
    lines += _operation_summary(status)
    parts = ["\n".join(lines), _conditions(status)]
    if with_resources:
        parts.append(resource_table(found))
    text = "\n\n".join(part for part in parts if part)
    if "…" not in text:
        return text
    name = f"{found['metadata']['namespace']}/{found['metadata']['name']}"
    return f"{text}\n\nTexts are cut. See the whole of them with `tiphys app get {name} -o yaml`."


def _deletion(metadata: Manifest) -> list[str]:
    since = metadata.get("deletionTimestamp")
    if not since:
        return []
    held_by = ", ".join(metadata.get("finalizers") or ())
    return [_line("Deletion", f"since {since}, held by {held_by}" if held_by else f"since {since}")]


def _line(label: str, value: Any) -> str:
    head = f"{label}:" if label else ""
    return f"{head:<{_LABEL_WIDTH}}{value}".rstrip()


def _source_lines(spec: Manifest) -> list[str]:
    sources = _sources(spec)
    lines = ["Source:" if len(sources) == 1 else "Sources:"]
    for source in sources:
        lines.append(_line("- Repo", source.get("repoURL", "")))
        for label, field in (
            ("Target", "targetRevision"),
            ("Path", "path"),
            ("Chart", "chart"),
            ("Ref", "ref"),
        ):
            if source.get(field):
                lines.append(_line(f"  {label}", source[field]))
    return lines


def _policy_text(spec: Manifest) -> str:
    automated = (spec.get("syncPolicy") or {}).get("automated")
    if automated is None or automated.get("enabled") is False:
        return "Manual"
    also = [
        text
        for field, text in (("prune", "Prune"), ("selfHeal", "Self Heal"))
        if automated.get(field)
    ]
    return f"Automated ({', '.join(also)})" if also else "Automated"


def _sync_text(spec: Manifest, status: Manifest) -> str:
    sync = status.get("sync") or {}
    revisions = sync.get("revisions") or [sync.get("revision") or ""]
    places = []
    for source, revision in zip(_sources(spec), revisions, strict=False):
        short = revision[:_SHORT_SHA] if source.get("path") or not source.get("chart") else revision
        target = source.get("targetRevision") or "HEAD"
        places.append(f"{target} ({short})" if short else target)
    word = colored(_status(status, "sync"))
    joint = "to" if _status(status, "sync") == "Synced" else "from"
    return f"{word} {joint} {', '.join(places)}"


def _operation_summary(status: Manifest) -> list[str]:
    """Return the last operation in a line while it runs or when it went wrong."""
    state = status.get("operationState") or {}
    phase = state.get("phase", "")
    if phase in {"", "Succeeded"}:
        return []
    message = str(state.get("message", ""))
    failed = [text for text in failures(status) if text.partition(": ")[2] not in message]
    told = [_line("", shortened(text)) for text in failed[:_MAX_FAILURES]]
    if len(failed) > _MAX_FAILURES:
        told.append(_line("", f"… and {len(failed) - _MAX_FAILURES} more"))
    return [_line("Last Sync", f"{colored(phase)}: {shortened(message)}"), *told]


def failures(status: Manifest) -> list[str]:
    """Return which objects the last operation failed for and why, as "Kind/name: why"."""
    result = (status.get("operationState") or {}).get("syncResult") or {}
    return [
        f"{row['kind']}/{row['name']}: {row.get('message', '')}"
        for row in result.get("resources") or []
        if row.get("hookPhase") in {"Failed", "Error"}
    ]


def _conditions(status: Manifest) -> str:
    conditions = status.get("conditions") or []
    if not conditions:
        return ""
    rows = [
        [c["type"], shortened(c.get("message", "")), c.get("lastTransitionTime", "")]
        for c in conditions
    ]
    return table(("CONDITION", "MESSAGE", "LAST TRANSITION"), rows)


def operation_text(found: Manifest) -> str:
    """Return the last operation: who asked for what, and how it ended."""
    state = (found.get("status") or {}).get("operationState")
    if not state:
        return "No operation so far."
    operation, result = state.get("operation") or {}, state.get("syncResult") or {}
    who = operation.get("initiatedBy") or {}
    initiator = "automated" if who.get("automated") else who.get("username") or "unknown"
    revisions = result.get("revisions") or [result.get("revision") or ""]
    return "\n".join(
        [
            _line("Operation", "Sync"),
            _line("Initiated By", initiator),
            _line("Sync Revision", ", ".join(revisions)),
            _line("Phase", colored(state.get("phase", ""))),
            _line("Start", state.get("startedAt", "")),
            _line("Finished", state.get("finishedAt", "")),
            _line("Duration", _duration(state)),
            _line("Message", shortened(state.get("message", ""))),
        ]
    )


def _duration(state: Manifest) -> str:
    if not state.get("startedAt") or not state.get("finishedAt"):
        return ""
    started, finished = (datetime.fromisoformat(state[f]) for f in ("startedAt", "finishedAt"))
    return str(finished - started)


def parameter_table(found: Manifest) -> str:
    """Return the Helm parameters of an Application's sources, those of files included."""
    rows = [
        [entry.get("name", ""), str(entry.get("value", entry.get("path", "")))]
        for source in _sources(found["spec"])
        for field in ("parameters", "fileParameters")
        for entry in (source.get("helm") or {}).get(field) or []
    ]
    return table(("NAME", "VALUE"), rows) if rows else "no parameters"


def resource_table(found: Manifest) -> str:
    """Return the resources of an Application, "" when it has none."""
    rows = (found.get("status") or {}).get("resources") or []
    return table(RESOURCE_COLUMNS, [resource_row(row) for row in rows]) if rows else ""


def resource_row(row: Manifest) -> list[str]:
    """Return the cells of one resource."""
    health = row.get("health") or {}
    status = row.get("status", "")
    return [
        row.get("group", ""),
        row["kind"],
        row.get("namespace", ""),
        row["name"],
        f"{status} (left Git)" if row.get("requiresPruning") and status else status,
        health.get("status", ""),
        "hook" if row.get("hook") else "",
        shortened(health.get("message", "")),
    ]


def tree_table(roots: Iterable[LiveNode]) -> str:
    """Return live objects with what they own below them."""
    rows = [row for root in roots for row in _tree_rows(root, "", "")]
    return table(("KIND/NAME", "STATUS", "HEALTH", "MESSAGE"), rows) if rows else "no resources"


def _tree_rows(node: LiveNode, head: str, indent: str) -> Iterator[list[str]]:
    yield [
        f"{head}{node.key.kind}/{node.key.name}",
        node.status,
        node.health,
        shortened(node.message),
    ]
    for child in node.children:
        is_last = child is node.children[-1]
        joint, below = ("└─", "  ") if is_last else ("├─", "│ ")
        yield from _tree_rows(child, indent + joint, indent + below)


def history_table(found: Manifest) -> str:
    """Return what was deployed, oldest first."""
    entries = (found.get("status") or {}).get("history") or []
    rows = [
        [entry["id"], entry["deployedAt"], _deployed(entry), _initiator(entry)] for entry in entries
    ]
    return table(("ID", "DATE", "REVISION", "BY"), rows) if rows else "nothing was deployed yet"


def _deployed(entry: Manifest) -> str:
    sources = entry.get("sources") or [entry.get("source") or {}]
    revisions = entry.get("revisions") or [entry.get("revision") or ""]
    return ", ".join(
        f"{source.get('targetRevision') or 'HEAD'} ({revision[:_SHORT_SHA]})"
        for source, revision in zip(sources, revisions, strict=False)
    )


def _initiator(entry: Manifest) -> str:
    who = entry.get("initiatedBy") or {}
    return "automated" if who.get("automated") else str(who.get("username", ""))


def result_row(result: Manifest) -> list[str]:
    """Return the cells of one resource's result of a sync, under the columns of resources."""
    status = result.get("hookPhase") if result.get("hookType") else result.get("status")
    return [
        result.get("group", ""),
        result["kind"],
        result.get("namespace", ""),
        result["name"],
        str(status or ""),
        "",
        str(result.get("hookType") or ""),
        shortened(result.get("message", "")),
    ]

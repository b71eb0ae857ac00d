"""Logs of an Application's Pods."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse

from tiphys.delivery.applications import decode_application
from tiphys.delivery.pod_logs import LogRequest, read_logs
from tiphys.engine.log_lines import LineFilter, LogLine, moment_of
from tiphys.model.errors import ClusterError, InvalidInputError, PreconditionError
from tiphys.model.keys import GroupKind
from tiphys.model.source import Record
from tiphys.model.tree import ResourceNode, ResourceTree
from tiphys.server.application_finder import key_of_application
from tiphys.server.call import Call
from tiphys.server.context import ApiContext
from tiphys.server.routes.applications import SERVICE
from tiphys.server.streams import Stream
from tiphys.server.table import Endpoint, of_application

_POD = GroupKind("", "Pod")
_QUERY = (
    "namespace", "podName", "container", "sinceSeconds", "sinceTime", "tailLines", "follow",
    "untilTime", "filter", "matchCase", "previous", "kind", "group", "resourceName", "download",
    "appNamespace", "project",
)  # fmt: skip


class LogEntry(Record, frozen=True, omit_defaults=False):
    """One line; the last of a stream is empty and says so."""

    content: str = ""
    time_stamp: str = ""
    last: bool = False
    time_stamp_str: str = ""
    pod_name: str = ""


class LogRoutes:
    """Answers with logs."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        permission = of_application("get", ("logs", "get"))
        base = "/api/v1/applications/{name}"
        return [
            Endpoint(
                method="GET",
                path=f"{base}/pods/{{podName}}/logs",
                service=SERVICE,
                rpc="PodLogs",
                permission=permission,
                handler=self.logs,
                answer=LogEntry,
                query=tuple(name for name in _QUERY if name != "podName"),
                is_stream=True,
            ),
            Endpoint(
                method="GET",
                path=f"{base}/logs",
                service=SERVICE,
                rpc="Logs",
                permission=permission,
                handler=self.logs,
                answer=LogEntry,
                query=_QUERY,
                is_stream=True,
            ),
        ]

    async def logs(self, call: Call) -> Stream | Response:
        """GET /api/v1/applications/{name}/logs: lines of one Pod or of several, by time."""
        key = key_of_application(call.application)
        cluster = self._context.model.cluster_of(decode_application(call.application))
        if cluster is None:
            raise ClusterError("the cluster of the application is not reachable now", where=key)
        most = self._context.installation.settings.max_log_pods
        request = _request(call, await self._context.model.tree(key), most)
        batches = read_logs(cluster.client, request)
        if call.flag("download"):
            return _file(batches, request)
        # What is refused at once is told by the status of the answer.
        first = await anext(batches, ())
        return Stream(_entries(first, batches))


def _request(call: Call, tree: ResourceTree, most: int) -> LogRequest:
    pods = _pods(call, tree)
    if not pods:
        raise InvalidInputError("no pods found that match what is asked for")
    if len(pods) > most:
        raise PreconditionError(f"max pods to view logs are reached ({most})")
    options = {
        name: call.query(name)
        for name in ("sinceSeconds", "tailLines", "follow", "previous")
        if call.query(name) not in {"", "0", "false"}
    }
    for name in ("sinceSeconds", "tailLines"):
        call.number(name)
    since = call.query("sinceTime") or _seconds(call, "sinceTime.seconds")
    if since:
        options["sinceTime"] = since
    until = call.query("untilTime")
    if until and moment_of(until) is None:
        raise InvalidInputError("expected a time as of RFC 3339", where="untilTime")
    return LogRequest(
        namespace=pods[0].namespace,
        pods=tuple(pod.name for pod in pods if pod.namespace == pods[0].namespace),
        container=call.query("container"),
        options=options,
        filter=LineFilter(
            text=call.query("filter"),
            matches_case=call.flag("matchCase"),
            until=moment_of(until) if until else None,
        ),
    )


def _seconds(call: Call, name: str) -> str:
    seconds = call.number(name)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else ""


def _pods(call: Call, tree: ResourceTree) -> list[ResourceNode]:
    """Return the Pods that a call asks for: by name, or all below an object."""
    name = call.path.get("podName") or call.query("podName")
    found = [node for node in tree.nodes if node.key.group_kind == _POD]
    namespace = call.query("namespace")
    if name:
        return [pod for pod in found if pod.name == name and namespace in {"", pod.namespace}]
    kind, group, resource = call.query("kind"), call.query("group"), call.query("resourceName")
    if not (kind or resource):
        return found
    roots = {
        node.uid
        for node in tree.nodes
        if node.uid
        and kind in {"", node.kind}
        and group in {"", node.group}
        and resource in {"", node.name}
        and namespace in {"", node.namespace}
    }
    below = _below(roots, tree)
    return [pod for pod in found if pod.uid in below]


def _below(roots: set[str], tree: ResourceTree) -> set[str]:
    below = set(roots)
    while True:
        more = {
            node.uid
            for node in tree.nodes
            if node.uid not in below and any(parent.uid in below for parent in node.parent_refs)
        }
        if not more:
            return below
        below |= more


async def _entries(
    first: Sequence[LogLine], batches: AsyncGenerator[Sequence[LogLine], None]
) -> AsyncGenerator[Sequence[bytes], None]:
    try:
        yield [_encoded(line) for line in first]
        async for batch in batches:
            yield [_encoded(line) for line in batch]
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield [msgspec.json.encode(LogEntry(last=True, time_stamp=now, time_stamp_str=now))]
    finally:
        await batches.aclose()


def _encoded(line: LogLine) -> bytes:
    at = f"{line.at[:19]}Z" if line.at else ""
    entry = LogEntry(content=line.content, time_stamp=at, time_stamp_str=line.at, pod_name=line.pod)
    return msgspec.json.encode(entry)


def _file(
    batches: AsyncGenerator[Sequence[LogLine], None], request: LogRequest
) -> StreamingResponse:
    async def text() -> AsyncGenerator[bytes, None]:
        async for batch in batches:
            yield "".join(f"{line.content}\n" for line in batch).encode()

    name = "-".join(filter(None, (request.namespace, request.pods[0], request.container)))
    headers: dict[str, Any] = {"Content-Disposition": f'attachment;filename="{name}.log"'}
    return StreamingResponse(text(), media_type="application/octet-stream", headers=headers)

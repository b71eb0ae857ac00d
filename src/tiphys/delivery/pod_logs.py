"""Logs of one or several Pods, as one stream in the order of time.

Each Pod is read by a task of its own into a bounded queue, so that a reader who is slow slows the
Pods down and costs no memory. What is there is merged by time exactly; what comes while following
is put in order within a moment.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

import msgspec

from tiphys.engine.log_lines import LineFilter, LogLine, parse_line
from tiphys.kube.client import KubeClient
from tiphys.model.errors import ApiError, InvalidInputError
from tiphys.model.keys import GroupVersionKind, Manifest

_POD = GroupVersionKind("", "v1", "Pod")
_DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
_QUEUED_LINES = 500
_MAX_LINE_BYTES = 256 * 1024
_TOGETHER_S = 0.1
_QUIET_S = 4 * 3600.0


class LogRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to read.

    Attributes:
        pods: names, in one namespace.
        container: "" for each Pod's default one.
        options: of the API server: `follow`, `tailLines`, `sinceSeconds`, `sinceTime`, `previous`.
    """

    namespace: str
    pods: tuple[str, ...]
    container: str = ""
    options: Mapping[str, str] = {}
    filter: LineFilter = LineFilter()

    @property
    def follows(self) -> bool:
        """Whether the stream goes on when all that is there was read."""
        return self.options.get("follow") == "true"


class _End(msgspec.Struct, frozen=True):
    """A Pod's stream has ended, by an error or by itself."""

    error: Exception | None = None


_Queue = asyncio.Queue[LogLine | _End]


async def read_logs(
    client: KubeClient, request: LogRequest
) -> AsyncGenerator[Sequence[LogLine], None]:
    """Yield batches of lines until all streams have ended.

    Raises:
        InvalidInputError: a Pod or a container does not exist.
        ApiError: the API server refuses.
        ClusterError: it does not answer.
    """
    paths = [await _path(client, request, pod) for pod in request.pods]
    queues: list[_Queue] = [asyncio.Queue(_QUEUED_LINES) for _ in paths]
    readers = [
        asyncio.create_task(_read(client, path, request, (pod, queue)), name=f"log of {pod}")
        for pod, path, queue in zip(request.pods, paths, queues, strict=True)
    ]
    try:
        lines = _followed(queues) if request.follows else _merged(queues)
        async with contextlib.aclosing(lines):
            async for batch in lines:
                yield batch
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _path(client: KubeClient, request: LogRequest, pod: str) -> tuple[str, dict[str, str]]:
    found = await client.get(_POD, request.namespace, pod)
    if found is None:
        raise InvalidInputError(f'pods "{pod}" not found', where=request.namespace)
    container = request.container or default_container(found)
    path = f"/api/v1/namespaces/{request.namespace}/pods/{pod}/log"
    return path, {**request.options, "container": container, "timestamps": "true"}


def default_container(pod: Manifest) -> str:
    """Return the container whose log is meant when none is named.

    Source: Kubernetes reference, annotation `kubectl.kubernetes.io/default-container`.
    """
    annotations = pod["metadata"].get("annotations") or {}
    containers = (pod.get("spec") or {}).get("containers") or [{}]
    return str(annotations.get(_DEFAULT_CONTAINER) or containers[0].get("name", ""))


async def _read(
    client: KubeClient,
    path: tuple[str, dict[str, str]],
    request: LogRequest,
    into: tuple[str, _Queue],
) -> None:
    pod, queue = into
    end = _End()
    try:
        stream = client.transport.stream(path[0], path[1], quiet_s=_QUIET_S)
        async with stream as content:
            async for text in _lines(content.iter_any()):
                line = parse_line(text, pod)
                if request.filter.is_over(line):
                    break
                if request.filter.wants(line):
                    await queue.put(line)
    except Exception as err:  # noqa: BLE001 - whoever reads the queue is told, whatever it is
        end = _End(err)
    await queue.put(end)


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Yield the lines of a stream; of one that never ends, pieces."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
        if len(rest) > _MAX_LINE_BYTES:
            yield rest.decode(errors="replace")
            rest = b""
    if rest:
        yield rest.decode(errors="replace")


async def _merged(queues: list[_Queue]) -> AsyncGenerator[Sequence[LogLine], None]:
    """Yield the lines of streams that end, the oldest first."""
    heads: dict[int, LogLine] = {}
    for place, queue in enumerate(queues):
        await _advance(heads, place, queue)
    batch: list[LogLine] = []
    while heads:
        place = min(heads, key=lambda at: heads[at].at)
        batch.append(heads[place])
        if queues[place].empty() and batch:
            yield batch
            batch = []
        await _advance(heads, place, queues[place])
    if batch:
        yield batch


async def _advance(heads: dict[int, LogLine], place: int, queue: _Queue) -> None:
    found = await queue.get()
    if isinstance(found, LogLine):
        heads[place] = found
        return
    heads.pop(place, None)
    _require_no_error(found)


async def _followed(queues: list[_Queue]) -> AsyncGenerator[Sequence[LogLine], None]:
    """Yield the lines of streams that go on, in order within a moment."""
    open_queues = list(queues)
    while open_queues:
        batch: list[LogLine] = []
        for queue in list(open_queues):
            while not queue.empty():
                found = queue.get_nowait()
                if isinstance(found, LogLine):
                    batch.append(found)
                else:
                    open_queues.remove(queue)
                    _require_no_error(found)
        if batch:
            yield sorted(batch, key=lambda line: line.at)
        await asyncio.sleep(_TOGETHER_S)


def _require_no_error(end: _End) -> None:
    if isinstance(end.error, ApiError) and end.error.code in {400, 404}:
        raise InvalidInputError(end.error.what) from end.error
    if end.error is not None:
        raise end.error

"""Answers that go on: one JSON document a line, or server-sent events.

Source: grpc-gateway's streams, as Argo CD's clients read them: `{"result": ...}` for each message,
`{"error": ...}` at most once and last; `text/event-stream` where the client asks for exactly that.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import StreamingResponse

from tiphys.server.problems import problem_of

KEEP_ALIVE_S = 15.0
_SSE = "text/event-stream"


class Stream(msgspec.Struct, frozen=True):
    """An answer that goes on.

    Attributes:
        batches: of messages, each the JSON of one result. Closed when the client leaves.
    """

    batches: AsyncGenerator[Sequence[bytes], None]


def wants_events(request: Request) -> bool:
    """Return whether the client asks for server-sent events."""
    return request.headers.get("accept") == _SSE


def stream_answer(request: Request, stream: Stream) -> StreamingResponse:
    """Return the answer that sends each message as it comes, as lines or as events."""
    frame = _event if wants_events(request) else _line
    content = _frames(stream.batches, frame)
    if not wants_events(request):
        return StreamingResponse(content, media_type="application/json")
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
    return StreamingResponse(_kept_alive(content), media_type=_SSE, headers=headers)


def _line(result: bytes) -> bytes:
    return result + b"\n"


def _event(result: bytes) -> bytes:
    return b"data: " + result + b" \n\n"


async def _frames(
    batches: AsyncGenerator[Sequence[bytes], None], frame: Callable[[bytes], bytes]
) -> AsyncGenerator[bytes, None]:
    try:
        async with contextlib.aclosing(batches):
            async for batch in batches:
                yield b"".join(frame(b'{"result":' + message + b"}") for message in batch)
    except Exception as err:  # noqa: BLE001 - the answer has begun, its last message must tell
        yield frame(orjson.dumps({"error": problem_of(err).stream_body()}))


async def _kept_alive(frames: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Send a comment now and then, so that proxies keep the line open."""
    pending: asyncio.Task[bytes] | None = None
    try:
        while True:
            if pending is None:
                pending = asyncio.ensure_future(anext(frames))
            done, _ = await asyncio.wait([pending], timeout=KEEP_ALIVE_S)
            if not done:
                yield b":\n"
                continue
            task, pending = pending, None
            try:
                content = task.result()
            except StopAsyncIteration:
                return
            yield content
    finally:
        if pending is not None:
            pending.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await pending
        await frames.aclose()

"""Answers that go on: one JSON document a line, or server-sent events.

Source: grpc-gateway's streams, as Argo CD's clients read them: `{"result": ...}` for each message,
`{"error": ...}` at most once and last; `text/event-stream` where the client asks for exactly that.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

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
        messages: each the JSON of one result. Closed when the client leaves.
    """

    messages: AsyncGenerator[bytes, None]


def wants_events(request: Request) -> bool:
    """Return whether the client asks for server-sent events."""
    return request.headers.get("accept") == _SSE


def stream_answer(request: Request, stream: Stream) -> StreamingResponse:
    """Return the answer that sends each message as it comes, as lines or as events."""
    results = _results(stream.messages)
    if wants_events(request):
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return StreamingResponse(_events(results), media_type=_SSE, headers=headers)
    return StreamingResponse(_lines(results), media_type="application/json")


async def _results(messages: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        async with contextlib.aclosing(messages):
            async for message in messages:
                yield b'{"result":' + message + b"}"
    except Exception as err:  # noqa: BLE001 - the answer has begun, its last message must tell
        yield orjson.dumps({"error": problem_of(err).stream_body()})


async def _lines(results: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(results):
        async for result in results:
            yield result + b"\n"


async def _events(results: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Frame results as events, with a comment now and then so that proxies keep the line open."""
    pending: asyncio.Task[bytes] | None = None
    try:
        while True:
            if pending is None:
                pending = asyncio.ensure_future(anext(results))
            done, _ = await asyncio.wait([pending], timeout=KEEP_ALIVE_S)
            if not done:
                yield b":\n"
                continue
            task, pending = pending, None
            try:
                result = task.result()
            except StopAsyncIteration:
                return
            yield b"data: " + result + b" \n\n"
    finally:
        if pending is not None:
            pending.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await pending
        await results.aclose()

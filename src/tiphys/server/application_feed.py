"""Changes of Applications, told to many readers at once.

A reader that is slow gets the newest state of each Application and no more: what waits for it is
bounded by the number of Applications, however fast they change.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence

import msgspec

from tiphys.delivery.read_model import ReadModel
from tiphys.model.keys import Manifest
from tiphys.server.application_rows import EncodedApplications
from tiphys.server.masks import Mask

_SETTLE_S = 0.05
_GONE_KEPT = 1000
_A_VERSION = re.compile("[0-9]{1,20}")


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader wants.

    Attributes:
        chooses: whether an Application is for this reader: chosen, and permitted.
        mask: of the Application.
        has_type: the mask keeps the type of an event.
        since: resourceVersion of the list that the reader has; "" replays everything.
    """

    chooses: Callable[[Manifest], bool]
    mask: Mask
    has_type: bool = True
    since: str = ""


class _Waiting:
    """The newest event of each Application that a reader was not told of yet."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.events: dict[str, tuple[str, Manifest]] = {}
        self.wake = asyncio.Event()

    def add(self, key: str, kind: str, manifest: Manifest) -> None:
        before = self.events.get(key)
        if before is not None and before[0] == "ADDED" and kind == "MODIFIED":
            kind = "ADDED"
        self.events[key] = (kind, manifest)
        self.wake.set()


class ApplicationFeed:
    """Tells readers of changes."""

    def __init__(self, model: ReadModel, encoded: EncodedApplications) -> None:
        self._model, self._encoded = model, encoded
        self._readers: set[_Waiting] = set()
        self._gone: deque[Manifest] = deque(maxlen=_GONE_KEPT)
        model.subscribe(self._changed)

    @property
    def readers(self) -> int:
        """How many there are now."""
        return len(self._readers)

    async def read(self, reader: Reader) -> AsyncGenerator[Sequence[bytes], None]:
        """Yield batches of events until closed; the first comes at once, if there is any."""
        waiting = _Waiting(reader)
        self._readers.add(waiting)
        told: dict[str, int] = {}
        try:
            self._replay(waiting)
            while True:
                await waiting.wake.wait()
                waiting.wake.clear()
                events, waiting.events = waiting.events, {}
                batch = [
                    message
                    for key, (kind, manifest) in events.items()
                    if (message := self._message(reader, kind, manifest)) is not None
                    and _is_news(told, key, message, kind)
                ]
                if batch:
                    yield batch
                await asyncio.sleep(_SETTLE_S)
        finally:
            self._readers.discard(waiting)

    def _replay(self, waiting: _Waiting) -> None:
        """Tell what a reader that begins now has missed."""
        asked = waiting.reader.since
        since = int(asked) if _A_VERSION.fullmatch(asked) else None
        for manifest in sorted(self._model.all(), key=lambda found: str(found["metadata"]["name"])):
            if since is None:
                waiting.add(_key(manifest), "ADDED", manifest)
            elif _version(manifest) > since:
                waiting.add(_key(manifest), "MODIFIED", manifest)
        for manifest in self._gone if since is not None else ():
            if _version(manifest) > since and self._model.get(_key(manifest)) is None:  # type: ignore[operator]
                waiting.add(_key(manifest), "DELETED", manifest)

    def _changed(self, key: str, before: Manifest | None, after: Manifest | None) -> None:
        manifest = after if after is not None else before
        if manifest is None:
            return
        kind = "ADDED" if before is None else "MODIFIED" if after is not None else "DELETED"
        if after is None:
            self._gone.append(manifest)
            self._encoded.forget(manifest)
        for waiting in self._readers:
            waiting.add(key, kind, manifest)

    def _message(self, reader: Reader, kind: str, manifest: Manifest) -> bytes | None:
        if not reader.chooses(manifest):
            return None
        application = self._encoded.encode(manifest, reader.mask)
        head = b'"type":"' + kind.encode() + b'",' if reader.has_type else b""
        return b"{" + head + b'"application":' + application + b"}"


def _is_news(told: dict[str, int], key: str, message: bytes, kind: str) -> bool:
    """Return whether a reader was not told exactly this of an Application before."""
    if kind == "DELETED":
        told.pop(key, None)
        return True
    # ADDED and MODIFIED of one state say the same to a reader.
    digest = hash(message.partition(b'"application":')[2])
    if told.get(key) == digest:
        return False
    told[key] = digest
    return True


def _key(manifest: Manifest) -> str:
    return f"{manifest['metadata']['namespace']}/{manifest['metadata']['name']}"


def _version(manifest: Manifest) -> int:
    text = str(manifest["metadata"].get("resourceVersion", ""))
    return int(text) if text.isdigit() else 0

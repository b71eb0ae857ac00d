"""One object at one version, kept as the bytes that are answered.

Bytes take a seventh of the memory of what they decode to, and are sent as they are to everybody who
asks. What was decoded lately is kept for a while: whoever reads a manifest leaves it as it is.
"""

from collections import deque
from typing import Any

import msgspec
import orjson

Collection = tuple[str, str]
"""Group and plural."""
Name = tuple[str, str]
"""Namespace and name; the namespace of a cluster-scoped object is ""."""


def place(name: Name) -> str:
    """Return what names are sorted by: the key under which an API server keeps an object.

    So a namespace comes after those that go on with a dash or a dot.
    """
    return f"{name[0]}/{name[1]}"


_DECODED_COUNT = 2000
_decoded: "deque[Stored]" = deque()


class Stored(msgspec.Struct, gc=False):
    """One object at one version.

    Attributes:
        body: the object as JSON, complete, in the version of its API that it was written in.
        version: its resourceVersion.
    """

    body: bytes
    version: int
    held: dict[str, Any] | None = None

    @property
    def manifest(self) -> dict[str, Any]:
        """The object; shared by all who ask, so never to be changed."""
        if self.held is None:
            self.hold(orjson.loads(self.body))
        assert self.held is not None
        return self.held

    def hold(self, manifest: dict[str, Any]) -> None:
        """Keep the decoded object until many others have been decoded."""
        self.held = manifest
        _decoded.append(self)
        if len(_decoded) > _DECODED_COUNT:
            _decoded.popleft().held = None

    def copy(self) -> dict[str, Any]:
        """Return the object for whoever will change it."""
        decoded: dict[str, Any] = orjson.loads(self.body)
        return decoded


class Change(msgspec.Struct):
    """One entry of the history; `previous` is None for what was created.

    Attributes:
        event: ADDED, MODIFIED or DELETED.
        lines: the change as watches send it, by event; made when it is first wanted.
    """

    event: str
    collection: Collection
    name: Name
    stored: Stored
    previous: Stored | None
    lines: dict[str, bytes] = {}

    def line(self, event: str) -> bytes:
        """Return the change as a line of a watch that shows whole objects."""
        if event not in self.lines:
            self.lines[event] = b'{"type":"%b","object":%b}\n' % (event.encode(), self.stored.body)
        return self.lines[event]

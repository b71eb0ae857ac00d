"""Rendered manifests by what they were rendered from; a cache on disk that may be deleted.

Source: architecture, decision 4.
"""

import asyncio
import contextlib
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import msgspec
import orjson

from tiphys.sources.api import RenderedManifest, RenderJob, RenderTools
from tiphys.sources.render.environment import mentions

_IN_MEMORY = 256
_VERSION = 1
_REVISION = "ARGOCD_APP_REVISION"


def cache_key(job: RenderJob, inputs: Sequence[tuple[str, str]], versions: Sequence[str]) -> str:
    """Return a key that changes with everything that may change the manifests.

    Args:
        job: all parameters; where its files lie does not count.
        inputs: (path, hash) of everything in repositories that the render reads.
        versions: of the tools.
    """
    environment = dict(job.environment)
    written = msgspec.json.encode(job.source).decode()
    if job.source_type != "Plugin" and not mentions(written, _REVISION):
        # A commit elsewhere in the repository must not look like a change.
        environment = {
            k: v for k, v in environment.items() if not k.startswith("ARGOCD_APP_REVISION")
        }
    told = msgspec.structs.replace(
        job, root="", refs={}, environment=environment, tools=RenderTools()
    )
    parts = [_VERSION, msgspec.to_builtins(told), list(inputs), list(versions)]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


class ManifestCache:
    """Content-addressed files, and the latest of them in memory."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._recent: OrderedDict[str, tuple[RenderedManifest, ...]] = OrderedDict()

    async def get(self, key: str) -> tuple[RenderedManifest, ...] | None:
        """Return manifests, None when they are not kept."""
        found = self._recent.get(key)
        if found is None:
            found = await asyncio.to_thread(self._read, key)
            if found is None:
                return None
        self._remember(key, found)
        return found

    async def put(self, key: str, manifests: tuple[RenderedManifest, ...]) -> None:
        """Keep manifests; a full disk only means that they are rendered again."""
        self._remember(key, manifests)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._write, key, manifests)

    def _remember(self, key: str, manifests: tuple[RenderedManifest, ...]) -> None:
        self._recent[key] = manifests
        self._recent.move_to_end(key)
        if len(self._recent) > _IN_MEMORY:
            self._recent.popitem(last=False)

    def _read(self, key: str) -> tuple[RenderedManifest, ...] | None:
        try:
            content = (self._home / key[:2] / key).read_bytes()
            pairs = msgspec.msgpack.decode(content, type=list[tuple[bytes, str]])
        except (OSError, msgspec.DecodeError):
            return None
        return tuple(RenderedManifest(body, digest) for body, digest in pairs)

    def _write(self, key: str, manifests: tuple[RenderedManifest, ...]) -> None:
        folder = self._home / key[:2]
        folder.mkdir(parents=True, exist_ok=True)
        scratch = folder / f"{key}.new"
        scratch.write_bytes(msgspec.msgpack.encode([(m.body, m.digest) for m in manifests]))
        scratch.replace(folder / key)

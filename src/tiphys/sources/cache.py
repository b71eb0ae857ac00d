"""Rendered manifests by what they were rendered from; a cache on disk that may be deleted.

Source: architecture, decision 4.
"""

import asyncio
import contextlib
import hashlib
import os
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import msgspec
import orjson

from tiphys.sources.api import RenderedManifest, RenderJob, RenderTools
from tiphys.sources.render.environment import mentions

_MIB = 1024 * 1024
_VERSION = 2
_CHECK_BYTES = 16
_OVERHEAD = 200  # of Python's objects around one manifest
_REVISION = "ARGOCD_APP_REVISION"


def cache_key(job: RenderJob, inputs: Sequence[tuple[str, str]], versions: Sequence[str]) -> str:
    """Return a key that changes with everything that may change the manifests.

    Args:
        job: all parameters; where its files and tools lie does not count.
        inputs: (path, hash) of everything in repositories that the render reads.
        versions: of the tools.
    """
    environment = dict(job.environment)
    written = msgspec.json.encode(job.source).decode()
    if job.source_type != "Plugin" and not mentions(written, _REVISION):
        # A commit elsewhere in the repository must not look like a change.
        environment = {k: v for k, v in environment.items() if not k.startswith(_REVISION)}
    told = msgspec.structs.replace(
        job, root="", refs={}, environment=environment, tools=RenderTools()
    )
    parts = [_VERSION, msgspec.to_builtins(told), list(inputs), list(versions)]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


class ManifestCache:
    """Content-addressed files, and the latest of them in memory.

    Args:
        home: the folder of the files; it may be deleted at any moment.
        max_bytes: what the files may take together; those not used for longest go first.
        max_memory_bytes: what the latest may take in memory.
    """

    def __init__(
        self, home: Path, *, max_bytes: int = 512 * _MIB, max_memory_bytes: int = 8 * _MIB
    ) -> None:
        self._home, self._max_bytes, self._max_memory = home, max_bytes, max_memory_bytes
        self._recent: OrderedDict[str, tuple[RenderedManifest, ...]] = OrderedDict()
        self._in_memory = 0
        self._on_disk: int | None = None

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
        self._in_memory -= _size(self._recent.pop(key, ()))
        self._recent[key] = manifests
        self._in_memory += _size(manifests)
        while self._in_memory > self._max_memory:
            self._in_memory -= _size(self._recent.popitem(last=False)[1])

    def _read(self, key: str) -> tuple[RenderedManifest, ...] | None:
        path = self._path(key)
        try:
            content = path.read_bytes()
            check, body = content[:_CHECK_BYTES], content[_CHECK_BYTES:]
            if check != _check(body):
                return None
            pairs = msgspec.msgpack.decode(body, type=list[tuple[bytes, str]])
            os.utime(path)
        except (OSError, msgspec.DecodeError):
            return None
        return tuple(RenderedManifest(body, digest) for body, digest in pairs)

    def _write(self, key: str, manifests: tuple[RenderedManifest, ...]) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        body = msgspec.msgpack.encode([(m.body, m.digest) for m in manifests])
        handle, scratch = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(_check(body) + body)
        Path(scratch).replace(path)
        self._on_disk = self._measured() if self._on_disk is None else self._on_disk + len(body)
        if self._on_disk > self._max_bytes:
            self._evict()

    def _evict(self) -> None:
        """Delete what was not used for longest, until a tenth is free."""
        files = [(file.stat(), file) for file in self._files()]
        size = sum(status.st_size for status, _ in files)
        for status, file in sorted(files, key=lambda found: found[0].st_mtime_ns):
            if size <= self._max_bytes * 0.9:
                break
            file.unlink(missing_ok=True)
            size -= status.st_size
        self._on_disk = size

    def _measured(self) -> int:
        return sum(file.stat().st_size for file in self._files())

    def _files(self) -> list[Path]:
        return [file for file in self._home.glob("*/*") if file.is_file()]

    def _path(self, key: str) -> Path:
        return self._home / key[:2] / key


def _check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES).digest()


def _size(manifests: tuple[RenderedManifest, ...]) -> int:
    return sum(len(manifest.body) + _OVERHEAD for manifest in manifests)

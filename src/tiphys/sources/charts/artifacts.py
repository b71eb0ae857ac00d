"""Unpacked archives on disk, by digest: fetched once, shared by all Applications.

A cache that may be deleted at any moment. What nobody used for a week goes.
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

from tiphys.model.errors import RenderError
from tiphys.sources.charts.archives import unpack
from tiphys.sources.tree import FolderTree

_KEPT_S = 7 * 86400
Fetch = Callable[[Path], Awaitable[object]]


class Artifacts:
    """Folders named after the SHA-256 of the archives that they were unpacked from."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.fetches = 0

    async def tree(
        self, digest: str, fetch: Fetch, *, max_bytes: int, is_chart: bool
    ) -> FolderTree:
        """Return an archive's files; `fetch` writes the archive when it is not here yet.

        Args:
            digest: SHA-256, 64 hexadecimal digits.
            fetch: must have compared the digest of what it wrote.
            max_bytes: of the unpacked files.
            is_chart: the root is the one folder that a chart's archive holds.

        Raises:
            SourceError: it cannot be fetched.
            RenderError: it cannot be unpacked safely.
        """
        folder = self._home / f"{digest}{'-chart' if is_chart else ''}"
        async with self._locks[folder.name]:
            if not await asyncio.to_thread(_is_there, folder):
                self.fetches += 1
                await self._add(folder, fetch, max_bytes=max_bytes, is_chart=is_chart)
        return FolderTree(folder, digest)

    async def _add(self, folder: Path, fetch: Fetch, *, max_bytes: int, is_chart: bool) -> None:
        await asyncio.to_thread(self._home.mkdir, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="new-", dir=self._home))
        try:
            await fetch(scratch / "archive")

            def place() -> None:
                files = scratch / "files"
                files.mkdir()
                subject = "chart" if is_chart else "oci image"
                unpack(scratch / "archive", files, max_bytes=max_bytes, subject=subject)
                (_chart_folder(files) if is_chart else files).rename(folder)
                self._drop_unused()

            await asyncio.to_thread(place)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)

    def _drop_unused(self) -> None:
        oldest = time.time() - _KEPT_S
        for folder in self._home.iterdir():
            with contextlib.suppress(OSError):
                if folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)


def _is_there(folder: Path) -> bool:
    try:
        os.utime(folder)
    except OSError:
        return False
    return True


def _chart_folder(files: Path) -> Path:
    """Return the folder of a chart's archive that holds the chart.

    Raises:
        RenderError: there is none.
    """
    for folder in sorted(files.iterdir()):
        if (folder / "Chart.yaml").is_file() and not folder.is_symlink():
            return folder
    raise RenderError("the archive is no chart: Chart.yaml file is missing")

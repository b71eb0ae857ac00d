"""Jobs for a pool of render workers, made of files and little else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import orjson

from tiphys.model.source import ApplicationSource
from tiphys.sources.api import RenderJob, RenderLimits
from tiphys.sources.render.pool import WorkerPool
from tiphys.sources.render.tools import find_tools, jail_reads

TOOLS = find_tools()
LIMITS = RenderLimits(timeout_s=20, memory_bytes=512 * 1024 * 1024)


def new_job(kind: str, source: Mapping[str, Any] | None = None, **more: Any) -> RenderJob:
    defaults: dict[str, Any] = {
        "root": "source",
        "path": "app",
        "refs": {},
        "environment": {"ARGOCD_APP_NAME": "shop"},
        "release_name": "shop",
        "namespace": "shop",
        "kube_version": "v1.31.2",
        "api_versions": (),
        "tools": TOOLS,
    }
    written = {"repoURL": "https://git.example/repo", "path": "app", **(source or {})}
    converted = msgspec.convert(written, ApplicationSource)
    return RenderJob(source_type=kind, source=converted, **{**defaults, **more})


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text.removeprefix("-> "))
        else:
            path.write_text(text)


@asynccontextmanager
async def new_pool(home: Path, **options: Any) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(home / "jobs", jail_reads(TOOLS), **options)
    try:
        yield pool
    finally:
        await pool.close()


async def rendered(
    pool: WorkerPool,
    job: RenderJob,
    files: Mapping[str, str],
    limits: RenderLimits = LIMITS,
    **options: Any,
) -> list[Any]:
    async with pool.folder() as folder:
        write_files(folder / "source", files)
        (folder / "source" / job.path).mkdir(parents=True, exist_ok=True)
        manifests = await pool.render(folder, job, limits, **options)
    return [orjson.loads(manifest.body) for manifest in manifests]

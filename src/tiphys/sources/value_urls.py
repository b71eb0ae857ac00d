"""Helm value files that are URLs, fetched before the render.

Source: Argo CD user guide, "Helm", "Values Files"; argocd-cm, `helm.valuesFileSchemes`.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tiphys.model.errors import RenderError, SourceError
from tiphys.model.source import HelmSource
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import redacted, scheme_of
from tiphys.sources.api import RenderRequest
from tiphys.sources.extras import Extras
from tiphys.sources.http import Wanted, basic_authorization, read, refusal
from tiphys.sources.render.environment import substitute

_MAX_BYTES = 10 * 1024 * 1024
_KEPT = 64
# No name of a source may hold a colon: these cannot be taken for one.
_REF = "url:{}"
_FILE = "values.yaml"


class Files:
    """Small files by address; what was fetched a moment ago is not fetched again."""

    def __init__(self, *, fresh_s: float) -> None:
        self._fresh_s = fresh_s
        self._known: OrderedDict[tuple[str, str], tuple[float, bytes | None]] = OrderedDict()

    async def get(self, access: RepositoryAccess, *, fresh: bool) -> bytes | None:
        """Return what is at an address, None when nothing is.

        Raises:
            SourceError: it does not answer, or refuses us.
        """
        key = (access.url, access.fingerprint)
        told_at, content = self._known.get(key, (float("-inf"), None))
        asked_at = time.monotonic()
        if fresh or asked_at > told_at + self._fresh_s:
            content = await _fetch(access)
            self._known[key] = (asked_at, content)
            self._known.move_to_end(key)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return content


async def fetch_value_files(
    files: Files,
    request: RenderRequest,
    helm: HelmSource,
    environment: Mapping[str, str],
) -> tuple[HelmSource, Extras]:
    """Fetch the value files that are URLs, and return the settings that name the files instead.

    Raises:
        RenderError: a scheme is not allowed.
        SourceError: one is not there, or cannot be reached.
    """
    names = [substitute(name, environment) if "://" in name else name for name in helm.value_files]
    urls = [name for name in names if "://" in name]
    for url in urls:
        scheme = scheme_of(url)
        if scheme not in request.settings.values_file_schemes or scheme not in {"http", "https"}:
            raise RenderError(
                f"the URL scheme '{scheme}' is not allowed",
                where=redacted(url),
                hint="See helm.valuesFileSchemes in argocd-cm.",
            )
    contents = dict(
        zip(
            urls,
            await asyncio.gather(*(_content(files, request, url) for url in urls)),
            strict=True,
        )
    )
    for url, content in contents.items():
        if content is None and not helm.ignore_missing_value_files:
            raise SourceError("no such file (404)", where=redacted(url), transient=False)
    kept = {url: content for url, content in contents.items() if content is not None}
    refs = {url: _REF.format(place) for place, url in enumerate(kept)}

    def write(job: Path) -> None:
        for url, content in kept.items():
            folder = job / refs[url]
            folder.mkdir()
            (folder / _FILE).write_bytes(content)

    rewritten = tuple(
        f"${refs[name]}/{_FILE}" if name in refs else name
        for name in names
        if name in refs or "://" not in name
    )
    extras = Extras(
        inputs=tuple((redacted(url), hashlib.sha256(kept[url]).hexdigest()) for url in kept),
        refs=tuple(refs.values()),
        writers=(write,),
    )
    return msgspec.structs.replace(helm, value_files=rewritten), extras


async def _content(files: Files, request: RenderRequest, url: str) -> bytes | None:
    access = request.access(url)
    if not request.permits(url):
        access = access.anonymous()
    return await files.get(access, fresh=request.resolve_fresh)


async def _fetch(access: RepositoryAccess) -> bytes | None:
    wanted = Wanted(
        url=access.url,
        home=access.url,
        authorization=basic_authorization(access),
        max_bytes=_MAX_BYTES,
    )
    answer, body = await read(wanted, access)
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise refusal(answer, access)
    return body

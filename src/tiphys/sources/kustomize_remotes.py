"""Remote bases of kustomizations: fetched before the render, and named by paths in its copy.

Source: kustomize documentation, "remote targets"; hashicorp/go-getter URLs as kustomize reads them.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import join, relpath
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec
import yaml

from tiphys.model.errors import InvalidInputError, RenderError, SourceError
from tiphys.model.source import ApplicationSource
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import redacted, scheme_of
from tiphys.sources.api import KUSTOMIZATION_NAMES, RenderRequest, contained
from tiphys.sources.extras import Extras
from tiphys.sources.git.repositories import CommitWanted, GitRepositories, Open, borrowed_access
from tiphys.sources.inputs import source_inputs
from tiphys.sources.tree import SourceTree
from tiphys.sources.value_urls import Files

_FIELDS = ("resources", "bases", "components")
_HOSTS = ("github.com", "gitlab.com", "bitbucket.org")
_FILE = re.compile(r"\.(ya?ml|json)$", re.IGNORECASE)
_MAX_REMOTES = 50


class GitBase(NamedTuple):
    """A folder of a repository at a revision; "" is the root, or HEAD."""

    repo_url: str
    path: str
    ref: str


def parse_base(text: str) -> GitBase | None:
    """Return the repository, folder and revision that a remote base means; None for a file's URL.

    Raises:
        RenderError: it cannot be understood.
    """
    plain, _, query = text.removeprefix("git::").partition("?")
    values = parse_qs(query)
    ref = (values.get("ref") or values.get("version") or [""])[0]
    if plain.startswith(tuple(f"{host}/" for host in _HOSTS)):
        plain = f"https://{plain}"
    scheme = scheme_of(plain)
    if scheme in {"http", "https"} and _FILE.search(plain) and not ref and ".git/" not in plain:
        return None
    head, path = _split(plain, scheme)
    if not head:
        raise RenderError(
            f"`{redacted(text)}` is no remote base that can be understood",
            hint="Write https://host/repository.git//path?ref=revision.",
        )
    return GitBase(head, contained(path), ref)


def _split(plain: str, scheme: str) -> tuple[str, str]:
    start, mark, rest = plain.partition("://") if "://" in plain else ("", "", plain)
    before, slashes, after = rest.partition("//")
    if slashes:
        return f"{start}{mark}{before}", after
    if ".git/" in rest or rest.endswith(".git"):
        before, _, after = rest.partition(".git")
        return f"{start}{mark}{before}.git", after.lstrip("/")
    if scheme not in {"http", "https", "ssh"}:
        return "", ""
    parts = rest.split("/")
    count = 2 if not mark else 3
    return f"{start}{mark}{'/'.join(parts[:count])}", "/".join(parts[count:])


class _Folder(NamedTuple):
    """A kustomization: the tree that it lies in, where that tree lies in the job, and its path."""

    tree: SourceTree
    place: str
    path: str
    access: RepositoryAccess


class Remotes:
    """Fetches what one source's kustomizations name of other places."""

    def __init__(self, git: GitRepositories, files: Files, request: RenderRequest) -> None:
        self._git, self._files, self._request = git, files, request
        self._places: dict[tuple[str, str], str] = {}
        self._trees: dict[str, Open] = {}
        self._exported: dict[str, set[str]] = {}
        self._texts: dict[str, bytes] = {}
        self._replaced: dict[tuple[str, str], dict[str, str]] = {}
        self._inputs: dict[str, str] = {}
        self._seen: set[tuple[str, str]] = set()

    async def fetch(self, tree: SourceTree, source: ApplicationSource, path: str) -> Extras:
        """Return everything remote below a source's kustomization.

        Raises:
            SourceError: something does not answer, or is not there.
            RenderError: an address cannot be understood.
        """
        root = _Folder(tree, "source", path, self._request.access(source.repo_url))
        changed = await self._components(root, source)
        await self._walk(root)
        if not self._inputs:
            return Extras()
        return Extras(inputs=tuple(self._inputs.items()), source=changed, writers=(self._write,))

    async def _components(
        self, root: _Folder, source: ApplicationSource
    ) -> ApplicationSource | None:
        kustomize = source.kustomize
        names = kustomize.components if kustomize else ()
        if kustomize is None or not any(_is_remote(name) for name in names):
            return None
        written = [await self._local(root, n) if _is_remote(n) else n for n in names]
        kustomize = msgspec.structs.replace(kustomize, components=tuple(written))
        return msgspec.structs.replace(source, kustomize=kustomize)

    async def _walk(self, folder: _Folder) -> None:
        if (folder.place, folder.path) in self._seen:
            return
        self._seen.add((folder.place, folder.path))
        for name in KUSTOMIZATION_NAMES:
            file = join(folder.path, name)
            for reference in _references(folder.tree.read(file)):
                local = _inside(folder.path, reference)
                if local is not None and folder.tree.is_folder(local):
                    await self._walk(folder._replace(path=local))
                elif _is_remote(reference):
                    target = await self._local(folder, reference)
                    self._replaced.setdefault((folder.place, file), {})[reference] = target

    async def _local(self, folder: _Folder, reference: str) -> str:
        """Fetch what a reference means, and return the path that means the same in the job."""
        if len(self._inputs) >= _MAX_REMOTES:
            raise RenderError(f"it has more than {_MAX_REMOTES} remote bases")
        base = parse_base(reference)
        here = join(folder.place, folder.path)
        if base is None:
            return await self._file(folder, reference)
        access = borrowed_access(self._request, base.repo_url, folder.access)
        wanted = CommitWanted(
            access=access, revision=base.ref or "HEAD", fresh=self._request.resolve_fresh
        )
        sha, opened = await self._git.commit(wanted, self._request)
        place = self._places.setdefault((access.url, sha), f"remote-{len(self._places)}")
        self._trees[place] = opened
        tree = opened()
        if not tree.is_folder(base.path):
            what = f"`{base.path}` is no folder of it at {sha[:8]}"
            raise SourceError(what, where=redacted(base.repo_url), transient=False)
        paths = source_inputs(tree, ApplicationSource(path=base.path), "Kustomize", {})
        self._exported.setdefault(place, set()).update(paths)
        identities = ":".join(tree.object_id(path) for path in paths)
        self._inputs[redacted(reference)] = f"{base.path}:{identities}"
        await self._walk(_Folder(tree, place, base.path, access))
        return relpath(join(place, base.path), here)

    async def _file(self, folder: _Folder, url: str) -> str:
        access = self._request.access(url)
        if not self._request.permits(url):
            access = access.anonymous()
        content = await self._files.get(access, fresh=self._request.resolve_fresh)
        if content is None:
            raise SourceError("no such file (404)", where=redacted(url), transient=False)
        digest = hashlib.sha256(content).hexdigest()
        name = f".remote-{digest[:16]}.yaml"
        # Files, unlike folders, must lie below the kustomization that names them.
        self._texts[join(folder.place, folder.path, name)] = content
        self._inputs[redacted(url)] = digest
        return name

    def _write(self, job: Path) -> None:
        for place, paths in self._exported.items():
            self._trees[place]().export(sorted(paths), job / place)
        for name, content in self._texts.items():
            (job / name).parent.mkdir(parents=True, exist_ok=True)
            (job / name).write_bytes(content)
        for (place, name), replaced in self._replaced.items():
            path = job / place / name
            text = path.read_text()
            path.unlink()  # it may be a link to a file that others use too
            path.write_text(_with_replaced(text, replaced))


def _with_replaced(text: str, replaced: dict[str, str]) -> str:
    for reference, target in sorted(replaced.items(), key=lambda pair: -len(pair[0])):
        pattern = rf"(?<![^\s'\"\[,]){re.escape(reference)}(?![^\s'\"\],])"
        text = re.sub(pattern, lambda _, target=target: target, text)  # type: ignore[misc]
    return text


def _references(content: bytes | None) -> Iterator[str]:
    try:
        document: Any = yaml.load(content or b"", Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError):
        return  # the render says what is wrong with it
    for field in _FIELDS if isinstance(document, dict) else ():
        listed = document.get(field)
        yield from (item for item in listed or () if isinstance(item, str))


def _is_remote(reference: str) -> bool:
    starts = ("git@", "git::", *(f"{host}/" for host in _HOSTS))
    return "://" in reference or reference.startswith(starts)


def _inside(folder: str, reference: str) -> str | None:
    if "://" in reference:
        return None
    try:
        return contained(join(folder, reference))
    except InvalidInputError:
        return None

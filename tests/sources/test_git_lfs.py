"""Git LFS, with the real git-lfs where it is installed, and a server of our own."""

import hashlib
import shutil
from collections import Counter
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.peers.git import GitServer, Work
from tests.peers.serving import serving
from tests.sources.requests import request
from tiphys.model.errors import InvalidInputError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.git.repositories import CommitWanted, GitRepositories

_CONTENT = b"a: large\n"
_OID = hashlib.sha256(_CONTENT).hexdigest()
_POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{_OID}\nsize {len(_CONTENT)}\n"


class _LargeFiles:
    """Git with the batch API of LFS beside it."""

    def __init__(self, git: GitServer) -> None:
        self._git = git
        self.asked: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path
        if path.endswith("/info/lfs/objects/batch"):
            self.asked["batch"] += 1
            wanted = (await request.json())["objects"]
            base = f"{request.url.scheme}://{request.url.netloc}/store"
            objects = [
                {**entry, "actions": {"download": {"href": f"{base}/{entry['oid']}"}}}
                for entry in wanted
            ]
            kind = "application/vnd.git-lfs+json"
            await JSONResponse({"objects": objects}, media_type=kind)(scope, receive, send)
        elif path == f"/store/{_OID}":
            await Response(_CONTENT)(scope, receive, send)
        else:
            await self._git(scope, receive, send)


async def _read(tmp_path: Path, url: str, *, enabled: bool) -> bytes | None:
    git = GitRepositories(tmp_path / "mirrors", fresh_s=30.0, timeout_s=20.0)
    access = RepositoryAccess(url=url, enable_lfs=enabled)
    found = await git.commit(CommitWanted(access=access, revision="HEAD"), request())
    return found.open().read("big.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    served = tmp_path / "served"
    served.mkdir()
    attributes = "big.yaml filter=lfs diff=lfs merge=lfs -text\n"
    Work(served, "repo").push({"big.yaml": _POINTER, ".gitattributes": attributes})
    return served


async def test_pointers_stay_as_they_are_without_the_flag(tmp_path: Path, root: Path) -> None:
    with serving(GitServer(root)) as port:
        content = await _read(tmp_path, f"http://127.0.0.1:{port}/repo.git", enabled=False)

    assert content == _POINTER.encode()


async def test_the_flag_without_git_lfs_gives_a_clear_error(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = shutil.which("git")
    assert git is not None
    bare = tmp_path / "bin"
    bare.mkdir()
    for name in ("git", "sh"):
        (bare / name).symlink_to(shutil.which(name) or git)
    with serving(GitServer(root)) as port:
        monkeypatch.setenv("PATH", str(bare))
        with pytest.raises(InvalidInputError, match="git-lfs is not installed"):
            await _read(tmp_path, f"http://127.0.0.1:{port}/repo.git", enabled=True)


@pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
async def test_large_files_are_fetched_once_and_take_the_place_of_their_pointers(
    tmp_path: Path, root: Path
) -> None:
    server = _LargeFiles(GitServer(root))
    with serving(server) as port:
        url = f"http://127.0.0.1:{port}/repo.git"
        contents = [await _read(tmp_path, url, enabled=True) for _ in range(2)]

    assert contents == [_CONTENT, _CONTENT]
    assert server.asked["batch"] == 1

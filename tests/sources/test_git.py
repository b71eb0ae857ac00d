"""Git over HTTP, against the real `git http-backend`."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pygit2
import pytest

from tests.peers.certificates import Authority
from tests.peers.git import GitServer, Work
from tests.peers.serving import serving
from tests.sources.requests import request
from tiphys.model.errors import InvalidInputError, RenderError, SourceError, TiphysError
from tiphys.sources.access import RepositoryAccess
from tiphys.sources.api import RenderSettings
from tiphys.sources.git.handles import Handles
from tiphys.sources.git.repositories import Commit, CommitWanted, GitRepositories


@pytest.fixture
def git(tmp_path: Path) -> GitRepositories:
    return GitRepositories(tmp_path / "mirrors", fresh_s=30.0, timeout_s=20.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "served"
    path.mkdir()
    return path


@pytest.fixture
def work(root: Path) -> Work:
    work = Work(root, "repo")
    work.push({"a.txt": "one"})
    return work


@contextlib.contextmanager
def _at(server: GitServer) -> Iterator[str]:
    with serving(server) as port:
        yield f"http://127.0.0.1:{port}"


async def _commit(
    git: GitRepositories,
    url: str,
    revision: str = "HEAD",
    *,
    settings: RenderSettings | None = None,
    tag_prefix: str = "",
    fresh: bool = False,
    **fields: Any,
) -> Commit:
    access = RepositoryAccess(url=url, **fields)
    wanted = CommitWanted(access=access, revision=revision, tag_prefix=tag_prefix, fresh=fresh)
    return await git.commit(wanted, request(settings=settings))


class Tagged(NamedTuple):
    """A repository that tests only read: commits by what points at them, and its server."""

    commits: dict[str, str]
    server: GitServer
    url: str


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tagged]:
    root = tmp_path_factory.mktemp("tagged")
    work = Work(root, "repo")
    found = {"first": work.push({"a.txt": "one"})}
    for tag in ("1.0.0", "v1.1.0", "1.2.0-rc.1", "app/1.5.0", "app/2.0.0", "plain"):
        found[tag] = work.push({"a.txt": tag})
        work.git("tag", "-a", tag, "-m", tag)
    work.git("branch", "1.x", "1.0.0^{commit}")
    work.git("branch", "feature/x", "plain^{commit}")
    found["main"] = work.push({"b.txt": "b"}, "1.x", "feature/x", "refs/tags/*")
    server = GitServer(root)
    with _at(server) as url:
        yield Tagged(found, server, f"{url}/repo.git")


@pytest.mark.parametrize(
    ("revision", "prefix", "expected"),
    [
        pytest.param("", "", "main", id="nothing"),
        pytest.param("HEAD", "", "main", id="HEAD"),
        pytest.param("main", "", "main", id="a branch"),
        pytest.param("feature/x", "", "plain", id="a branch with a slash"),
        pytest.param("refs/heads/main", "", "main", id="a whole name"),
        pytest.param("plain", "", "plain", id="an annotated tag"),
        pytest.param("1.0.0", "", "1.0.0", id="a version"),
        pytest.param("1.*", "", "v1.1.0", id="a range"),
        pytest.param("1.x", "", "v1.1.0", id="a range before a branch of that name"),
        pytest.param(">=1.0.0-0", "", "1.2.0-rc.1", id="a range with prereleases"),
        pytest.param("*", "app/", "app/2.0.0", id="a range of tags with a prefix"),
        pytest.param("1.5.0", "app/", "app/1.5.0", id="a version with a prefix"),
    ],
)
async def test_a_revision_is_resolved(
    git: GitRepositories, tagged: Tagged, revision: str, prefix: str, expected: str
) -> None:
    found = await _commit(git, tagged.url, revision, tag_prefix=prefix)

    assert found.sha == tagged.commits[expected]


@pytest.mark.parametrize("digits", [40, 7])
async def test_a_commit_is_found_by_its_sha(
    git: GitRepositories, tagged: Tagged, digits: int
) -> None:
    found = await _commit(git, tagged.url, tagged.commits["first"][:digits])

    assert found.sha == tagged.commits["first"]
    assert found.open().read("a.txt") == b"one"


@pytest.mark.parametrize(
    ("revision", "prefix", "message"),
    [
        pytest.param("nope", "", "unable to resolve 'nope' to a commit SHA", id="unknown name"),
        pytest.param(">=9", "", "unable to resolve '>=9' to a commit SHA", id="unmet range"),
        pytest.param("f" * 7, "", "unable to resolve 'fffffff'", id="unknown short SHA"),
        pytest.param("f" * 40, "", f"commit {'f' * 40} is not in the repository", id="SHA"),
        pytest.param("main", "app/", "is no version, as tagPrefix `app/` asks for", id="prefix"),
    ],
)
async def test_a_revision_that_is_absent_is_named(
    git: GitRepositories, tagged: Tagged, revision: str, prefix: str, message: str
) -> None:
    with pytest.raises(TiphysError) as caught:
        await _commit(git, tagged.url, revision, tag_prefix=prefix)

    assert message in caught.value.line


async def test_a_commit_that_no_branch_holds_is_fetched_by_its_sha(
    git: GitRepositories, root: Path, work: Work
) -> None:
    lost = work.push({"a.txt": "lost"})
    work.git("reset", "-q", "--hard", "HEAD~1")
    work.git("push", "-q", "-f", "origin", "HEAD")
    with _at(GitServer(root)) as url:
        found = await _commit(git, f"{url}/repo.git", lost)

    assert found.open().read("a.txt") == b"lost"


async def test_all_who_ask_for_a_repository_share_one_fetch(
    git: GitRepositories, tagged: Tagged
) -> None:
    tagged.server.asked.clear()
    revisions = ["HEAD", "main", "1.0.0", "1.*", "plain", tagged.commits["first"]] * 50

    await asyncio.gather(*(_commit(git, tagged.url, name) for name in revisions))
    bare = tagged.url.removesuffix(".git")
    await asyncio.gather(*(_commit(git, bare, name) for name in revisions))

    assert tagged.server.asked["objects"] == 1
    assert tagged.server.asked["names"] <= 3
    assert git.mirrors.fetches == 1


async def test_a_push_that_was_reported_is_seen_at_once(
    git: GitRepositories, root: Path, work: Work
) -> None:
    with _at(GitServer(root)) as url:
        before = await _commit(git, f"{url}/repo.git")
        pushed = work.push({"a.txt": "two"})
        assert (await _commit(git, f"{url}/repo.git")).sha == before.sha
        git.mirrors.get(f"{url}/repo.git").expire()
        assert (await _commit(git, f"{url}/repo.git")).sha == pushed


async def test_depth_fetches_that_much_history(git: GitRepositories, tagged: Tagged) -> None:
    found = await _commit(git, tagged.url, "main", depth=1)
    older = await _commit(git, tagged.url, tagged.commits["first"], depth=1)

    repository = pygit2.Repository(str(git.mirrors.get(tagged.url).folder))
    assert found.open().read("b.txt") == b"b"
    assert older.open().read("a.txt") == b"one"
    assert tagged.commits["1.0.0"] not in repository


async def test_user_and_password_open_a_private_repository(
    git: GitRepositories, root: Path, work: Work
) -> None:
    server = GitServer(root, user="ann", password="s3cret")
    with _at(server) as url:
        for forced in (False, True):
            found = await _commit(
                git, f"{url}/repo.git", username="ann", password="s3cret", force_basic_auth=forced
            )
            assert found.sha == work.git("rev-parse", "HEAD")


async def test_a_bearer_token_opens_a_private_repository(
    git: GitRepositories, root: Path, work: Work
) -> None:
    with _at(GitServer(root, token="t0ken")) as url:
        found = await _commit(git, f"{url}/repo.git", bearer_token="t0ken")

    assert found.sha == work.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    "fields",
    [{}, {"username": "ann", "password": "wr0ng"}, {"bearer_token": "wr0ng"}],
    ids=["none", "a password", "a token"],
)
async def test_wrong_credentials_are_told_without_showing_them(
    git: GitRepositories, root: Path, work: Work, fields: dict[str, Any]
) -> None:
    with (
        _at(GitServer(root, user="ann", password="s3cret")) as url,
        pytest.raises(SourceError) as caught,
    ):
        await _commit(git, f"{url}/repo.git", **fields)

    assert caught.value.line == f"{url}/repo.git: authentication required"
    assert "Secret" in caught.value.hint
    assert work


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "ann", "password": "s3cret"},
        {"bearer_token": "s3cret"},
        {"username": "ann", "password": "s3cret", "force_basic_auth": True},
    ],
    ids=["a password", "a token", "a forced password"],
)
@pytest.mark.parametrize("user", ["ann", ""], ids=["that asks", "that takes what comes"])
async def test_a_redirect_to_another_host_gets_no_credentials(
    git: GitRepositories, root: Path, work: Work, fields: dict[str, Any], user: str
) -> None:
    home, other = GitServer(root), GitServer(root, user=user, password="s3cret")
    with _at(home) as url, _at(other) as elsewhere:
        home.redirect = elsewhere
        with contextlib.suppress(SourceError):
            await _commit(git, f"{url}/repo.git", **fields)

    assert other.seen <= {""}
    assert work


async def test_one_identity_does_not_see_what_another_was_shown(
    git: GitRepositories, root: Path, work: Work
) -> None:
    commit = work.git("rev-parse", "HEAD")
    with _at(GitServer(root, user="ann", password="s3cret")) as url:
        await _commit(git, f"{url}/repo.git", commit, username="ann", password="s3cret")
        for revision in (commit, "HEAD", commit[:8]):
            with pytest.raises(SourceError, match="authentication required"):
                await _commit(git, f"{url}/repo.git", revision)


async def test_a_repository_that_is_absent_is_named(git: GitRepositories, root: Path) -> None:
    with _at(GitServer(root)) as url, pytest.raises(SourceError) as caught:
        await _commit(git, f"{url}/absent.git")

    assert caught.value.line == f"{url}/absent.git: repository not found"


async def test_a_repository_that_does_not_answer_may_answer_later(git: GitRepositories) -> None:
    with pytest.raises(SourceError) as caught:
        await _commit(git, "http://127.0.0.1:1/repo.git")

    assert "http://127.0.0.1:1/repo.git" in caught.value.line
    assert caught.value.transient


@pytest.mark.parametrize("how", ["authority", "insecure", "neither"])
async def test_a_certificate_is_checked(
    git: GitRepositories, root: Path, work: Work, authority: Authority, how: str
) -> None:
    pair = authority.issue("git")
    trust: dict[str, dict[str, Any]] = {
        "authority": {"ca_data": authority.pem},
        "insecure": {"insecure": True},
    }
    with serving(GitServer(root), tls=(pair.certificate, pair.key)) as port:
        url = f"https://127.0.0.1:{port}/repo.git"
        if how == "neither":
            with pytest.raises(SourceError, match="signed by an unknown authority"):
                await _commit(git, url)
            return
        assert (await _commit(git, url, **trust[how])).sha == work.git("rev-parse", "HEAD")


async def test_a_client_certificate_is_shown(
    git: GitRepositories, root: Path, work: Work, authority: Authority
) -> None:
    pair, client = authority.issue("git"), authority.issue("client")
    with serving(GitServer(root), tls=(pair.certificate, pair.key), ca=authority.file) as port:
        url = f"https://127.0.0.1:{port}/repo.git"
        with pytest.raises(SourceError):
            await _commit(git, url, ca_data=authority.pem)
        found = await _commit(
            git,
            url,
            ca_data=authority.pem,
            tls_client_cert_data=client.certificate.read_text(),
            tls_client_cert_key=client.key.read_text(),
        )

    assert found.sha == work.git("rev-parse", "HEAD")


async def test_a_proxy_is_used_but_for_excepted_hosts(
    git: GitRepositories, root: Path, work: Work, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    proxy = GitServer(empty)
    with _at(GitServer(root)) as url, _at(proxy) as between:
        with pytest.raises(SourceError):
            await _commit(git, f"{url}/repo.git", proxy=between)
        assert proxy.seen
        found = await _commit(git, f"{url}/repo.git", proxy=between, no_proxy="127.0.0.1")

    assert found.sha == work.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("file:///etc", id="a file address"),
        pytest.param("/etc", id="a path"),
        pytest.param("../x", id="a relative path"),
        pytest.param("ext::sh -c touch% /tmp/x", id="a command"),
        pytest.param("--upload-pack=touch /tmp/x", id="an option"),
        pytest.param("ftp://host/x", id="another scheme"),
    ],
)
async def test_an_address_that_reads_our_own_disk_or_runs_commands_is_refused(
    git: GitRepositories, url: str
) -> None:
    with pytest.raises(InvalidInputError):
        await _commit(git, url)


async def test_a_folder_that_is_allowed_is_read_by_file(
    git: GitRepositories, root: Path, work: Work, tmp_path: Path
) -> None:
    settings = RenderSettings(file_roots=(str(root),))

    found = await _commit(git, f"file://{work.bare}", settings=settings)

    assert found.open().read("a.txt") == b"one"
    with pytest.raises(InvalidInputError, match="not allowed"):
        await _commit(git, f"file://{root}/../mirrors", settings=settings)
    assert tmp_path


async def test_credentials_that_cannot_be_used_are_named(git: GitRepositories) -> None:
    problem = "GitHub App credentials are not supported yet"
    with pytest.raises(InvalidInputError, match=problem):
        await _commit(git, "https://example.com/x", problem=problem)


async def test_submodules_are_part_of_the_files(
    git: GitRepositories, root: Path, work: Work
) -> None:
    inner, middle = Work(root, "inner"), Work(root, "middle")
    inner.push({"deep.txt": "deep"})
    middle.git("submodule", "add", "-q", str(inner.bare), "nested")
    middle.git("config", "-f", ".gitmodules", "submodule.nested.url", "../inner.git")
    middle.push({"mid.txt": "mid"})
    work.git("submodule", "add", "-q", str(middle.bare), "libs/middle")
    with _at(GitServer(root)) as url:
        work.git("config", "-f", ".gitmodules", "submodule.libs/middle.url", f"{url}/middle.git")
        work.push({})
        tree = (await _commit(git, f"{url}/repo.git")).open()
        plain = await _commit(
            git, f"{url}/repo.git", settings=RenderSettings(submodules_enabled=False)
        )

    assert tree.read("libs/middle/mid.txt") == b"mid"
    assert tree.read("libs/middle/nested/deep.txt") == b"deep"
    assert tree.is_folder("libs/middle/nested")
    assert "libs/middle/nested/deep.txt" in list(tree.files("libs"))
    tree.export(["libs"], root / "out")
    assert (root / "out/libs/middle/nested/deep.txt").read_text() == "deep"
    assert plain.open().read("libs/middle/mid.txt") is None


async def test_a_submodule_that_is_absent_is_named(
    git: GitRepositories, root: Path, work: Work
) -> None:
    inner = Work(root, "inner")
    inner.push({"x": "x"})
    work.git("submodule", "add", "-q", str(inner.bare), "sub")
    with _at(GitServer(root)) as url:
        work.git("config", "-f", ".gitmodules", "submodule.sub.url", f"{url}/absent.git")
        work.push({})
        with pytest.raises(SourceError) as caught:
            await _commit(git, f"{url}/repo.git")

    expected = f"{url}/repo.git: submodule `sub`: {url}/absent.git: repository not found"
    assert caught.value.line == expected


async def test_a_submodule_cannot_reach_our_own_disk(
    git: GitRepositories, root: Path, work: Work
) -> None:
    inner = Work(root, "inner")
    inner.push({"x": "x"})
    work.git("submodule", "add", "-q", str(inner.bare), "sub")
    work.push({})
    with _at(GitServer(root)) as url, pytest.raises(InvalidInputError, match="not allowed"):
        await _commit(git, f"{url}/repo.git")


async def test_links_are_followed_inside_and_refused_outside(
    git: GitRepositories, root: Path, work: Work
) -> None:
    (work.folder / "app").mkdir()
    (work.folder / "app" / "values.yaml").symlink_to("../common/values.yaml")
    (work.folder / "current").symlink_to("app")
    (work.folder / "bad").mkdir()
    (work.folder / "bad" / "out").symlink_to("../../etc/passwd")
    work.push({"common/values.yaml": "a: 1"})
    with _at(GitServer(root)) as url:
        before = (await _commit(git, f"{url}/repo.git")).open()
        work.push({"common/values.yaml": "a: 2"})
        after = (await _commit(git, f"{url}/repo.git", fresh=True)).open()
        lenient = RenderSettings(allow_oob_symlinks=True)
        lax = (await _commit(git, f"{url}/repo.git", settings=lenient)).open()

    assert before.is_folder("current")
    assert before.read("current/values.yaml") == b"a: 1"
    assert before.object_id("app") != after.object_id("app")
    assert before.object_id("current") != after.object_id("current")
    before.export(["current"], root / "out")
    assert (root / "out/current/values.yaml").read_text() == "a: 1"
    with pytest.raises(RenderError, match=r"out-of-bounds symlinks\. file: bad/out"):
        after.export(["bad"], root / "out2")
    lax.export(["bad"], root / "out3")


async def test_locks_that_a_killed_git_left_do_not_stop_the_next(
    git: GitRepositories, root: Path, work: Work, tmp_path: Path
) -> None:
    with _at(GitServer(root)) as url:
        await _commit(git, f"{url}/repo.git")
        mirror = git.mirrors.get(f"{url}/repo.git").folder
        (mirror / "packed-refs.lock").touch()
        (mirror / "refs/heads/main.lock").touch()
        pushed = work.push({"a.txt": "two"})
        restarted = GitRepositories(tmp_path / "mirrors", fresh_s=30.0, timeout_s=20.0)

        assert (await _commit(restarted, f"{url}/repo.git")).sha == pushed


async def test_a_mirror_that_somebody_deleted_is_fetched_again(
    git: GitRepositories, tagged: Tagged
) -> None:
    before = await _commit(git, tagged.url)
    assert before.open().read("b.txt") == b"b"
    shutil.rmtree(git.mirrors.get(tagged.url).folder)

    assert (await _commit(git, tagged.url, fresh=True)).open().read("b.txt") == b"b"


async def test_files_are_read_after_packs_were_packed_anew(
    git: GitRepositories, root: Path, work: Work
) -> None:
    with _at(GitServer(root)) as url:
        await _commit(git, f"{url}/repo.git")
        folder = git.mirrors.get(f"{url}/repo.git").folder
        pushed = work.push({"a.txt": "two"})
        before = await _commit(git, f"{url}/repo.git", fresh=True)
        assert (before.sha, before.open().names("")) == (pushed, ["a.txt"])
        await asyncio.to_thread(subprocess.run, ["git", "repack", "-adq"], cwd=folder, check=True)
        pushed = work.push({"c.txt": "three"})

        found = await _commit(git, f"{url}/repo.git", fresh=True)

        assert (found.sha, found.open().read("a.txt")) == (pushed, b"two")
        assert found.open().read("c.txt") == b"three"


async def test_many_readings_of_a_commit_share_one_handle(
    git: GitRepositories, tagged: Tagged
) -> None:
    commits = [await _commit(git, tagged.url) for _ in range(20)]
    assert len({id(commit.open()) for commit in commits}) == 1


async def test_hundreds_of_repositories_do_not_stay_open(
    git: GitRepositories, tmp_path: Path, tagged: Tagged
) -> None:
    found = await _commit(git, tagged.url)
    bare, copies = git.mirrors.get(tagged.url).folder, tmp_path / "copies"

    def read_all() -> int:
        for number in range(100):
            shutil.copytree(bare, copies / str(number))
            handles = Handles(copies / str(number))
            tree = handles.tree(found.sha, allows_links_out=False, lfs=None)
            assert tree.read("b.txt") == b"b"
        return sum(str(copies) in line for line in Path("/proc/self/maps").read_text().splitlines())

    # An index and a pack for each of those that stay open.
    assert await asyncio.to_thread(read_all) <= 40


async def test_a_tree_reads_on_when_its_handle_was_closed(
    git: GitRepositories, tagged: Tagged
) -> None:
    found = await _commit(git, tagged.url)
    handles = Handles(git.mirrors.get(tagged.url).folder)

    def read() -> bytes | None:
        tree = handles.tree(found.sha, allows_links_out=False, lfs=None)
        handles.renew()
        handles.repository()  # another one; that of the tree is closed
        return tree.read("b.txt")

    assert await asyncio.to_thread(read) == b"b"


async def test_a_deleted_branch_does_not_become_the_tag_of_its_name(
    tmp_path: Path, root: Path, work: Work
) -> None:
    def opened() -> GitRepositories:
        return GitRepositories(tmp_path / "mirrors", fresh_s=0.0, timeout_s=20.0)

    work.git("checkout", "-q", "-b", "stable")
    branch = work.push({"a.txt": "two"})
    git = opened()
    with _at(GitServer(root)) as url:
        address = f"{url}/repo.git"
        assert (await _commit(git, address, "stable")).sha == branch
        tagged = work.push({"a.txt": "three"})
        work.git("tag", "stable")
        work.git("push", "-q", "origin", "refs/tags/stable", ":refs/heads/stable")

        for again in (git, opened()):  # a restart does not forget it
            with pytest.raises(SourceError, match="branch `stable` was deleted") as caught:
                await _commit(again, address, "stable", fresh=True)
            assert caught.value.hint == (
                "Set targetRevision to `refs/tags/stable` to deploy the tag."
            )
        assert (await _commit(git, address, "refs/tags/stable")).sha == tagged
        work.git("push", "-q", "origin", "HEAD:refs/heads/stable")
        assert (await _commit(git, address, "stable", fresh=True)).sha == tagged


async def test_a_tag_that_was_never_a_branch_is_found(
    git: GitRepositories, root: Path, work: Work
) -> None:
    work.git("tag", "nightly")
    work.git("push", "-q", "origin", "refs/tags/nightly")
    with _at(GitServer(root)) as url:
        found = await _commit(git, f"{url}/repo.git", "nightly")

    assert found.sha == work.git("rev-parse", "HEAD")

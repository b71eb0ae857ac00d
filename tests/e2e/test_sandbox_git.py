"""The sandbox's Git server, driven by the real git."""

import asyncio
import os
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tiphys.sandbox.git import ensure_repository, protect, serve_git

pytestmark = pytest.mark.e2e


class Hooks:
    """What the webhook's receiver was told."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()

    async def receive(self, request: web.Request) -> web.Response:
        await self.events.put((request.headers["X-GitHub-Event"], await request.json()))
        return web.Response()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _wait_open(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            await writer.wait_closed()
            return


async def _git(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@example.com",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@example.com",
    }
    return await asyncio.to_thread(
        subprocess.run,
        ["git", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.fixture
async def hooks() -> Hooks:
    return Hooks()


@pytest.fixture
async def base_url(tmp_path: Path, hooks: Hooks) -> AsyncIterator[str]:
    content = tmp_path / "content"
    (content / "guestbook").mkdir(parents=True)
    (content / "guestbook" / "web.yaml").write_text("kind: Service\n")
    (content / "__pycache__").mkdir()
    (content / "__pycache__" / "x.pyc").write_text("")
    root = tmp_path / "repositories"
    root.mkdir()
    ensure_repository(root, "demo", content)
    secret = ensure_repository(root, "secret", content)
    protect(secret, "ann", "sesame")

    receiver = web.Application()
    receiver.router.add_post("/api/webhook", hooks.receive)
    runner = web.AppRunner(receiver)
    await runner.setup()
    hook_port, port = _free_port(), _free_port()
    await web.TCPSite(runner, "127.0.0.1", hook_port).start()
    serving = asyncio.create_task(
        serve_git(root, port, f"http://127.0.0.1:{hook_port}/api/webhook")
    )
    await _wait_open(port)
    yield f"http://127.0.0.1:{port}"
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await runner.cleanup()


async def test_a_clone_holds_the_content_and_no_bytecode(tmp_path: Path, base_url: str) -> None:
    cloned = await _git(tmp_path, "clone", f"{base_url}/demo.git", "clone")
    assert cloned.returncode == 0, cloned.stderr
    listed = await _git(tmp_path / "clone", "ls-files")
    assert listed.stdout == "guestbook/web.yaml\n"


async def test_a_push_arrives_and_the_webhook_hears_of_it(
    tmp_path: Path, base_url: str, hooks: Hooks
) -> None:
    await _git(tmp_path, "clone", f"{base_url}/demo", "clone")
    clone = tmp_path / "clone"
    before = (await _git(clone, "rev-parse", "HEAD")).stdout.strip()
    (clone / "new.yaml").write_text("x" * 3_000_000)  # larger than git sends in one piece
    (clone / "guestbook" / "web.yaml").write_text("kind: Deployment\n")
    await _git(clone, "add", "-A")
    await _git(clone, "commit", "-m", "Change two files")
    pushed = await _git(clone, "push", "origin", "main")
    assert pushed.returncode == 0, pushed.stderr
    kind, event = await asyncio.wait_for(hooks.events.get(), 5)
    assert kind == "push"
    assert (event["ref"], event["before"]) == ("refs/heads/main", before)
    assert event["after"] == (await _git(clone, "rev-parse", "HEAD")).stdout.strip()
    assert event["repository"]["html_url"] == f"{base_url}/demo"
    assert event["repository"]["default_branch"] == "main"
    assert [(c["added"], c["modified"]) for c in event["commits"]] == [
        (["new.yaml"], ["guestbook/web.yaml"])
    ]


async def test_branches_made_and_deleted_are_pushes(
    tmp_path: Path, base_url: str, hooks: Hooks
) -> None:
    await _git(tmp_path, "clone", f"{base_url}/demo.git", "clone")
    clone = tmp_path / "clone"
    await _git(clone, "push", "origin", "HEAD:refs/heads/next")
    _, made = await asyncio.wait_for(hooks.events.get(), 5)
    assert (made["created"], made["commits"]) == (True, [])
    await _git(clone, "push", "origin", ":next")
    _, deleted = await asyncio.wait_for(hooks.events.get(), 5)
    assert (deleted["ref"], deleted["deleted"]) == ("refs/heads/next", True)


async def test_a_push_succeeds_when_nobody_answers_the_webhook(tmp_path: Path) -> None:
    ensure_repository(tmp_path, "demo", None)
    port = _free_port()
    serving = asyncio.create_task(serve_git(tmp_path, port, f"http://127.0.0.1:{_free_port()}/"))
    await _wait_open(port)
    work = tmp_path / "work"
    work.mkdir()
    await _git(work, "init", "-b", "main")
    await _git(work, "commit", "--allow-empty", "-m", "first")
    pushed = await _git(work, "push", f"http://127.0.0.1:{port}/demo.git", "main")
    assert pushed.returncode == 0, pushed.stderr
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def test_one_commit_can_be_fetched_by_its_hash(tmp_path: Path, base_url: str) -> None:
    await _git(tmp_path, "clone", f"{base_url}/demo.git", "clone")
    commit = (await _git(tmp_path / "clone", "rev-parse", "HEAD")).stdout.strip()
    await _git(tmp_path, "init", "bare")
    fetched = await _git(
        tmp_path / "bare", "fetch", "--depth=1", "--filter=blob:none", f"{base_url}/demo", commit
    )
    assert fetched.returncode == 0, fetched.stderr


async def test_a_protected_repository_asks_for_a_password(tmp_path: Path, base_url: str) -> None:
    refused = await _git(tmp_path, "ls-remote", f"{base_url}/secret.git")
    assert refused.returncode != 0
    wrong = base_url.replace("http://", "http://ann:wrong@")
    assert (await _git(tmp_path, "ls-remote", f"{wrong}/secret.git")).returncode != 0
    right = base_url.replace("http://", "http://ann:sesame@")
    admitted = await _git(tmp_path, "ls-remote", f"{right}/secret.git")
    assert "refs/heads/main" in admitted.stdout


async def test_an_unknown_repository_is_not_found(tmp_path: Path, base_url: str) -> None:
    refused = await _git(tmp_path, "ls-remote", f"{base_url}/nothing.git")
    assert "not found" in refused.stderr

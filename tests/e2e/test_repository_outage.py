"""A repository that stops answering is no news for a while."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import App, Repository, World

AUTOMATED: dict[str, Any] = {"automated": {}}


def _push_event(world: World, repository: Repository) -> None:
    """Say that something was pushed, as a Git host would."""
    body = {
        "ref": "refs/heads/main",
        "after": "b" * 40,
        "repository": {
            "html_url": repository.url.removesuffix(".git"),
            "clone_url": repository.url,
            "default_branch": "main",
        },
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{world.port}/api/webhook",
        data=json.dumps(body).encode(),
        headers={"X-GitHub-Event": "push", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


@contextmanager
def _outage(world: World, repository: Repository) -> Iterator[None]:
    bare = world.git_root / repository.url.rpartition("/")[2]
    hidden = bare.with_suffix(".hidden")
    bare.rename(hidden)
    try:
        yield
    finally:
        hidden.rename(bare)


def _synced(world: World) -> tuple[App, Repository]:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, world.new_namespace(), syncPolicy=AUTOMATED)
    app.wait("Synced", "Healthy")
    return app, repository


def test_an_outage_leaves_what_is_known_until_somebody_asks(world: World) -> None:
    app, repository = _synced(world)
    before = app.status["sync"]
    with _outage(world, repository):
        _push_event(world, repository)
        time.sleep(0.7)
        assert app.status["sync"] == before
        assert not app.status.get("conditions")

        app.refresh()

        app.wait("Unknown", "Healthy")
        assert "repository not found" in app.conditions("ComparisonError")[0]
    app.refresh()
    app.wait("Synced", "Healthy")
    assert not app.status.get("conditions")


def test_an_outage_is_told_when_the_grace_period_is_over(world: World) -> None:
    app, repository = _synced(world)
    key = "controller.repo.error.grace.period.seconds"
    with world.settings("argocd-cmd-params-cm", {key: "0"}), _outage(world, repository):
        _push_event(world, repository)

        app.wait("Unknown", "Healthy")


def test_a_push_that_brings_nothing_writes_nothing(world: World) -> None:
    app, repository = _synced(world)
    eventually("the operation is put away", lambda: "operation" not in app.manifest)
    before = app.manifest
    _push_event(world, repository)
    time.sleep(1.5)  # nothing happens, for as long as it would take otherwise

    assert app.manifest == before

"""Who deletes an Application does not wait for what would bring it up, nor does who looks at it."""

import time
import uuid
from typing import Any

import pytest

from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, pod, text
from tests.e2e.shell import Shell
from tests.e2e.world import App, World

FINALIZER = "resources-finalizer.argocd.argoproj.io"
ALWAYS = {"schedule": "* * * * *", "duration": "1h", "applications": ["*"]}


def _app(world: World, *manifests: dict[str, Any], **spec: Any) -> tuple[App, str]:
    repository = world.new_repository({"all.yaml": text(*manifests)})
    namespace = world.new_namespace()
    metadata = {"name": f"app-{uuid.uuid4().hex[:8]}", "finalizers": [FINALIZER]}
    app = world.new_app(repository, namespace, metadata=metadata, **spec)
    app.wait("OutOfSync")
    return app, namespace


def _says(app: App, words: str) -> None:
    def seen() -> bool:
        return words in (app.status.get("operationState") or {}).get("message", "")

    eventually(f"the operation says {words}", seen, 30)


def _hook(world: World) -> tuple[App, str]:
    app, namespace = _app(world, pod("wait", "sleep", "1000", hook="PreSync"), config_map("one"))
    app.start_sync()
    _says(app, "waiting for completion of hook")
    return app, namespace


def _wave(world: World) -> tuple[App, str]:
    slow = deployment("slow", replicas=1, image="registry.example/does-not-exist:1")
    app, namespace = _app(world, slow, config_map("late", sync_wave="5"))
    app.start_sync()
    _says(app, "waiting for healthy state")
    return app, namespace


def _retry(world: World) -> tuple[App, str]:
    broken = config_map("one")
    broken["metadata"]["labels"] = {"bad label": "x"}
    app, namespace = _app(world, broken)
    app.start_sync(retry={"limit": 5, "backoff": {"duration": "10m", "maxDuration": "0"}})
    _says(app, "Retrying attempt #1")
    return app, namespace


def _window(world: World) -> tuple[App, str]:
    project = world.new_project()
    hook = pod("wait", "sleep", "1000", hook="PreSync")
    app, namespace = _app(world, hook, config_map("one"), project=project)
    app.start_sync()
    _says(app, "waiting for completion of hook")
    windows = {"spec": {"syncWindows": [{"kind": "deny", **ALWAYS}]}}
    world.api.merge("AppProject", "argocd", project, windows)
    _says(app, "blocked by sync window")
    return app, namespace


BUSY = [
    pytest.param(_hook, id="with a hook"),
    pytest.param(_wave, id="with a wave that does not become healthy"),
    pytest.param(_retry, id="with a retry"),
    pytest.param(_window, id="with a window"),
]


@pytest.mark.parametrize("busy", BUSY)
def test_an_application_that_is_busy_goes_when_it_is_deleted(world: World, busy: Any) -> None:
    app, namespace = busy(world)

    app.delete()

    eventually("it is gone", lambda: not world.api.find("Application", "argocd", app.name), 15)
    eventually("its Pods are gone", lambda: not world.api.list("Pod", namespace), 15)


@pytest.mark.parametrize("busy", BUSY[:2])
def test_a_refresh_answers_while_a_sync_waits(world: World, busy: Any) -> None:
    app, _ = busy(world)
    began = time.monotonic()

    told = Shell(world)("app", "get", app.name, "--refresh")

    assert time.monotonic() - began < 20
    assert "Running: waiting for" in told
    app.delete()

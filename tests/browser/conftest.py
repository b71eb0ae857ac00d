"""A real browser, signed in to a real tiphys in front of a sandbox. Nothing is mocked."""

import base64
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.person import Person
from tests.e2e.api import eventually
from tests.e2e.world import World, new_world
from tiphys.server.static import built_ui

FOLDER = Path(__file__).parent
# Lists that no stream feeds, such as Events, are read every fifteen seconds.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.e2e)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(180))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    assert built_ui() is not None, "The web UI is not built: run `make ui`."
    with new_world(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture(scope="session")
def password(world: World) -> str:
    """The one that a first start makes up."""
    secret = eventually(
        "there is a first password",
        lambda: world.api.find("Secret", "argocd", "argocd-initial-admin-secret"),
    )
    return base64.b64decode(secret["data"]["password"]).decode()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = subprocess.run(
        ["scripts/browser.sh"], cwd=FOLDER.parents[1], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    with sync_playwright() as playwright:
        # Root, as in most containers, may not build Chromium's own sandbox.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = playwright.chromium.launch(
            executable_path=found.stdout.strip(), args=[*arguments, "--disable-gpu"]
        )
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, reduced_motion="reduce", locale="en-GB"
    )
    context.set_default_timeout(20_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def person(
    world: World, page: Page, password: str, request: pytest.FixtureRequest
) -> Iterator[Person]:
    """Somebody who is signed in; the browser's complaints fail the test."""
    person = Person(page, f"http://127.0.0.1:{world.port}")
    person.sign_in("admin", password)
    failed = request.session.testsfailed
    yield person
    if request.session.testsfailed > failed:
        page.screenshot(path=pictures() / f"failed-{request.node.name[:80]}.png")
    assert person.complaints == []


def pictures() -> Path:
    """Return the folder that pictures are kept in, for people to look at."""
    folder = Path(os.environ.get("TIPHYS_PICTURES", FOLDER.parents[1] / ".tiphys" / "pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder

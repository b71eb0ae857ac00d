"""Every page and layer in both themes, at three widths: pictures to look at, nothing for axe."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import pictures
from tests.browser.person import Person
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import App, World

pytestmark = pytest.mark.gallery
SCREENS = [(360, 740), (1280, 800), (1920, 1080)]


class Scene(NamedTuple):
    """What there is to look at."""

    well: App
    drifted: App
    failed: App


@pytest.fixture(scope="module")
def scene(world: World) -> Scene:
    namespace = world.new_namespace()
    good = world.new_repository({"web.yaml": text(deployment("web", 3), config_map("settings"))})
    bad = deployment("web")
    bad["spec"]["replicas"] = "many"
    apps = [
        world.new_app(good, namespace, metadata={"name": "well"}),
        world.new_app(good, world.new_namespace(), metadata={"name": "drifted"}),
        world.new_app(
            world.new_repository({"web.yaml": text(bad)}),
            world.new_namespace(),
            metadata={"name": "failed"},
        ),
    ]
    for app in apps:
        app.wait("OutOfSync")
        app.sync()
    drifted = apps[1].manifest["spec"]["destination"]["namespace"]
    apps[1].wait("Synced", "Healthy")
    world.api.merge("Deployment", drifted, "web", {"spec": {"replicas": 1}})
    apps[1].wait("OutOfSync")
    return Scene(*apps)


@pytest.fixture(params=["light", "dark"])
def visitor(
    request: pytest.FixtureRequest, browser: Browser, world: World, password: str
) -> Iterator[tuple[str, Person]]:
    context = browser.new_context(color_scheme=request.param, reduced_motion="reduce")
    person = Person(context.new_page(), f"http://127.0.0.1:{world.port}")
    person.sign_in("admin", password)
    yield request.param, person
    assert person.complaints == []
    context.close()


WEB = "node=apps/Deployment/{namespace}/web"
PAGES = [
    pytest.param("/applications", "Applications", id="list"),
    pytest.param(
        "/applications?search=nothing-is-called-so", "No application fits", id="list-none"
    ),
    pytest.param("/applications?new=%7B%7D", "New application", id="new-app"),
    pytest.param("/applications/well?view=tree", "The cluster is what Git says", id="app-tree"),
    pytest.param("/applications/well?view=list", "The cluster is what Git says", id="app-list"),
    pytest.param("/applications/drifted?view=tree", "1 field of Deployment/web", id="app-drifted"),
    pytest.param("/applications/failed?view=tree", "Deployment/web:", id="app-failed"),
    pytest.param(f"/applications/drifted?{WEB}&tab=summary", "Deployment.apps", id="resource"),
    pytest.param(f"/applications/drifted?{WEB}&tab=drift", "spec.replicas", id="resource-drift"),
    pytest.param(f"/applications/drifted?{WEB}&tab=live", "apiVersion", id="resource-live"),
    pytest.param(f"/applications/drifted?{WEB}&tab=events", "No events", id="resource-events"),
    pytest.param("/applications/drifted?node=app&tab=events", "Reason", id="app-events"),
    pytest.param(f"/applications/well?{WEB}&tab=logs", "lines", id="resource-logs"),
    pytest.param("/applications/drifted?deploy=all", "~ 1 change", id="sync"),
    pytest.param("/applications/failed?operation=true", "Failed", id="operation"),
    pytest.param("/applications/well?rollback=0", "deployed now", id="history"),
    pytest.param("/applications/well?delete=true", "What is deleted", id="delete"),
    pytest.param("/applications/well?node=app&tab=summary", "Repository", id="app-details"),
    pytest.param("/applications/well?node=app&tab=manifest", "destination", id="app-spec"),
    pytest.param("/settings/repos", "No repository is connected", id="repos"),
    pytest.param("/settings/repos?addRepo=true", "Test and connect", id="repos-add"),
    pytest.param("/settings/clusters", "in-cluster", id="clusters"),
    pytest.param("/settings/projects", "default may deploy from", id="projects"),
    pytest.param("/settings/projects?project=default", "sourceRepos", id="project"),
    pytest.param("/settings/accounts", "admin", id="accounts"),
    pytest.param("/settings/accounts?account=admin", "may not use tokens", id="account"),
    pytest.param("/settings/certs", "github.com", id="certs"),
    pytest.param("/settings/appearance", "As the system", id="appearance"),
    pytest.param("/user-info", "a local account", id="user-info"),
    pytest.param("/help", "Command line", id="help"),
    pytest.param("/applications/none", "may not see this, or it does not exist", id="forbidden"),
    pytest.param("/nowhere", "There is no such page", id="not-found"),
]


@pytest.mark.parametrize(("path", "shown"), PAGES)
def test_a_page_is_accessible_and_looked_at(
    path: str,
    shown: str,
    scene: Scene,
    visitor: tuple[str, Person],
    request: pytest.FixtureRequest,
) -> None:
    theme, person = visitor
    app = scene.well if "/well" in path else scene.drifted
    namespace = app.manifest["spec"]["destination"]["namespace"]
    name = request.node.callspec.id.replace("/", "-")
    for width, height in SCREENS:
        person.page.set_viewport_size({"width": width, "height": height})
        person.go(path.format(namespace=namespace))
        person.sees(shown)
        person.page.wait_for_timeout(400)
        person.page.screenshot(path=pictures() / f"{name}-{width}.png")
        assert _widest(person.page) <= width, "the page scrolls sideways"
    assert person.inaccessible() == [], theme


def _widest(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


def test_the_sign_in_page_is_accessible(browser: Browser, world: World) -> None:
    for theme in ("light", "dark"):
        context = browser.new_context(color_scheme=theme)
        person = Person(context.new_page(), f"http://127.0.0.1:{world.port}")
        person.go("/login")
        person.sees("Sign in")
        person.page.screenshot(path=pictures() / f"login-{theme}.png")

        assert person.inaccessible() == []
        context.close()

"""History, its preview, rollback, and deleting."""

import re

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import World


def test_a_rollback_shows_what_it_changes_and_then_does_just_that(
    world: World, person: Person
) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one", {"key": "old"}))})
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    app.sync()
    repository.push({"one.yaml": text(config_map("one", {"key": "new"}))}, "Change the key")
    app.wait("OutOfSync")
    app.sync()
    app.wait("Synced")
    person.go(f"/applications/{app.name}?rollback=0")
    person.sees("Change the key", person.panel)

    person.click("Compare", person.panel)
    person.sees("~ 1 change", person.panel)
    person.click(re.compile("Rollback to #"), person.panel)

    person.sees("Succeeded", person.panel)
    eventually(
        "the old value is back",
        lambda: world.api.get("ConfigMap", namespace, "one")["data"] == {"key": "old"},
    )


def test_deleting_needs_the_name_and_leaves_the_resources_unless_told_otherwise(
    world: World, person: Person
) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    app.sync()
    person.go(f"/applications/{app.name}?delete=true")
    button = person.panel.get_by_role("button", name="Delete the application only")
    expect(button).to_be_disabled()

    person.panel.get_by_label(f"Type {app.name} to confirm").fill(app.name)
    button.click()

    person.heading("Applications")
    eventually("it is gone", lambda: world.api.find("Application", "argocd", app.name) is None)
    assert world.api.find("ConfigMap", namespace, "one") is not None


def test_an_action_restarts_a_deployment_and_a_pod_is_deleted_where_it_is_shown(
    world: World, person: Person
) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"web.yaml": text(deployment("web", 1))})
    app = world.new_app(repository, namespace)
    app.wait("OutOfSync")
    app.sync()
    app.wait("Synced", "Healthy")
    before = world.api.get("Deployment", namespace, "web")["metadata"]["generation"]
    person.go(f"/applications/{app.name}?node=apps/Deployment/{namespace}/web&tab=summary")

    person.click("Actions", person.panel)
    person.page.get_by_role("menuitem", name=re.compile("restart", re.IGNORECASE)).first.click()

    eventually(
        "it is restarted",
        lambda: world.api.get("Deployment", namespace, "web")["metadata"]["generation"] > before,
    )
    person.click("Actions", person.panel)
    person.page.get_by_role("menuitem", name="Delete…").click()
    person.click("Delete web")
    eventually("it is gone", lambda: world.api.find("Deployment", namespace, "web") is None)

"""From signing in to a healed drift, as somebody does it who sees tiphys for the first time."""

import re

from playwright.sync_api import Page, expect

from tests.browser.person import Person
from tests.e2e.manifests import config_map, deployment, text
from tests.e2e.world import App, World

MANUAL: dict[str, str] = {}


def test_a_wrong_password_is_refused_in_words_and_says_nothing_more(
    world: World, page: Page
) -> None:
    person = Person(page, f"http://127.0.0.1:{world.port}")
    person.go("/login?return_url=https%3A%2F%2Fevil.example.com&error=please+call+123")

    person.fill_sign_in("admin", "wrong")

    person.sees("The user name or the password is not right.")
    expect(page.get_by_text("please call")).to_have_count(0)


def test_an_application_is_made_by_form_planned_synced_and_seen(
    world: World, person: Person
) -> None:
    repository = world.new_repository(
        {"shop/web.yaml": text(deployment("web", 2), config_map("one"))}
    )
    page = person.page
    person.click("New App")
    person.field("Repository").fill(repository.url)
    person.field("Path").fill("shop")
    expect(person.field("Name")).to_have_value("shop")
    namespace = world.new_namespace()
    person.field("Namespace").fill(namespace)
    person.click("Create")

    person.heading("shop")
    person.sees("+ 2 create", person.panel)
    person.click("Sync 2 changes", person.panel)

    person.sees("Succeeded", person.panel)
    person.close_panel()
    person.sees("The cluster is what Git says, and all of it is healthy.")
    expect(page.locator('[data-tile*="/Deployment/"]')).to_be_visible()
    expect(page.locator('[data-tile*="/Pod/"]').first).to_be_visible()
    App(world, "shop").delete()


def test_a_drift_names_field_values_manager_and_is_healed_from_where_it_is_shown(
    world: World, person: Person
) -> None:
    namespace = world.new_namespace()
    repository = world.new_repository({"web.yaml": text(deployment("web"))})
    app = world.new_app(repository, namespace, syncPolicy=MANUAL)
    app.wait("OutOfSync")
    app.sync()
    app.wait("Synced", "Healthy")
    person.go(f"/applications/{app.name}")
    person.sees("The cluster is what Git says")

    world.api.merge("Deployment", namespace, "web", {"spec": {"replicas": 4}})

    person.sees(re.compile(r"1 field of Deployment/web changed with"))
    person.click("See drift")
    row = person.panel.get_by_role("row").filter(has_text="spec.replicas")
    expect(row).to_contain_text("4")
    expect(row).to_contain_text("(Update)")
    person.click("Sync this…")
    person.click("Sync 1 change", person.panel)
    person.sees("Succeeded", person.panel)
    person.close_panel()
    person.sees("The cluster is what Git says")
    assert world.api.get("Deployment", namespace, "web")["spec"]["replicas"] != 4


def test_a_failed_sync_shows_the_object_and_its_message_first(world: World, person: Person) -> None:
    namespace = world.new_namespace()
    wrong = deployment("web")
    wrong["spec"]["replicas"] = "many"
    repository = world.new_repository({"web.yaml": text(wrong)})
    app = world.new_app(repository, namespace, syncPolicy=MANUAL)
    app.wait("OutOfSync")
    app.sync()
    person.go(f"/applications/{app.name}")

    person.sees(re.compile(r"Deployment/web: .*replicas"))
    person.click("See why")

    expect(person.panel.get_by_role("row").nth(1)).to_contain_text("Failed")
    expect(person.panel.get_by_role("row").nth(1)).to_contain_text("replicas")


def test_the_list_shows_an_application_that_somebody_else_creates_and_deletes(
    world: World, person: Person
) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    app = world.new_app(repository, world.new_namespace(), syncPolicy=MANUAL)
    row = person.page.locator(f'[data-app="{app.name}"]')

    expect(row).to_be_visible()
    expect(row).to_contain_text("OutOfSync")
    app.delete()
    expect(row).to_have_count(0)

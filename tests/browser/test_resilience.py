"""What happens when sessions end, servers die, input is hostile, and there are many tabs."""

import re

from playwright.sync_api import BrowserContext, Dialog, expect

from tests.browser.person import Person
from tests.e2e.manifests import config_map, text
from tests.e2e.world import World


def test_an_ended_session_lays_the_card_over_the_page_and_the_draft_stays(
    world: World, person: Person, context: BrowserContext, password: str
) -> None:
    person.click("New App")
    person.field("Name").fill("half-typed")
    context.clear_cookies()

    person.field("Path").fill("somewhere")
    person.field("Repository").fill(f"http://127.0.0.1:{world.git_port}/none.git")
    person.field("Namespace").fill("n")
    person.click("Create")

    person.sees("Your session has ended")
    person.fill_sign_in("admin", password)
    expect(person.field("User")).to_have_count(0)
    expect(person.field("Name")).to_have_value("half-typed")


def test_a_draft_survives_closing_and_reloading(person: Person) -> None:
    person.click("New App")
    person.field("Name").fill("kept")
    person.page.wait_for_timeout(600)
    person.close_panel()
    person.page.reload()

    person.click("New App")

    expect(person.field("Name")).to_have_value("kept")


def test_a_server_that_dies_and_comes_back_is_said_and_nothing_is_lost(
    world: World, person: Person
) -> None:
    person.sees("Live")
    world.stop_tiphys()
    try:
        person.sees(re.compile("Reconnecting"))
    finally:
        world.start_tiphys()
    app = world.new_app(
        world.new_repository({"one.yaml": text(config_map("one"))}), world.new_namespace()
    )

    expect(person.page.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)
    expect(person.page.locator(f'[data-app="{app.name}"]')).to_be_visible()


def test_hostile_words_are_text_and_hostile_links_are_none(world: World, person: Person) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    repository.push({}, hostile)
    app = world.new_app(
        repository,
        world.new_namespace(),
        metadata={"annotations": {"link.argocd.argoproj.io/x": "Click|javascript:alert(3)"}},
    )
    app.wait("OutOfSync")
    dialogs: list[str] = []

    def hear(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    person.page.on("dialog", hear)

    person.go(f"/applications/{app.name}")

    person.sees(re.compile("onerror"))
    assert person.page.locator('a[href^="javascript:"]').count() == 0
    assert dialogs == []


def test_eight_tabs_share_one_stream_and_all_of_them_are_live(
    world: World, person: Person, context: BrowserContext
) -> None:
    tabs = [Person(context.new_page(), person.address) for _ in range(7)]
    for tab in tabs:
        tab.go("/applications")
    app = world.new_app(
        world.new_repository({"one.yaml": text(config_map("one"))}), world.new_namespace()
    )

    for tab in [person, *tabs]:
        expect(tab.page.locator(f'[data-app="{app.name}"]')).to_be_visible()
        expect(tab.page.get_by_text("Live", exact=True)).to_be_visible()


def test_the_list_is_walked_and_an_application_opened_with_the_keyboard_alone(
    world: World, person: Person
) -> None:
    app = world.new_app(
        world.new_repository({"one.yaml": text(config_map("one"))}), world.new_namespace()
    )
    page = person.page
    expect(page.locator(f'[data-app="{app.name}"]')).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(app.name)
    expect(page.locator("[data-app]")).to_have_count(1)
    page.locator("[data-app] a").focus()
    page.keyboard.press("x")
    person.sees("1 selected")
    page.keyboard.press("Enter")

    person.heading(app.name)
    page.keyboard.press("s")
    expect(person.panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(person.panel).to_have_count(0)

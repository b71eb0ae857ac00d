"""Administering: projects by their words, repositories that are asked first, passwords."""

import re

from playwright.sync_api import expect

from tests.browser.person import Person
from tests.e2e.api import eventually
from tests.e2e.manifests import config_map, text
from tests.e2e.world import World


def test_a_repository_is_connected_once_it_answers_and_not_before(
    world: World, person: Person
) -> None:
    repository = world.new_repository({"one.yaml": text(config_map("one"))})
    person.go("/settings/repos?addRepo=true")
    person.field("Address").fill(repository.url.replace("repo-", "no-such-"))
    person.click("Test and connect")
    expect(person.panel.get_by_role("alert")).to_be_visible()

    person.field("Address").fill(repository.url)
    person.click("Test and connect")

    expect(person.panel).to_have_count(0)
    row = person.page.get_by_role("row").filter(has_text=repository.url)
    expect(row).to_contain_text("Connected")
    person.click("Disconnect", row)
    expect(row).to_have_count(0)


def test_a_project_is_made_from_yaml_and_says_in_words_what_it_permits(
    world: World, person: Person
) -> None:
    person.go("/settings/projects?project=%2B")
    person.field("Name").fill("team-ui")
    editor = person.panel.get_by_role("textbox", name="Specification")
    editor.click()
    person.page.keyboard.press("Control+a")
    person.page.keyboard.press("Delete")
    person.page.keyboard.insert_text(
        "sourceRepos: ['https://git.example.com/*']\ndestinations: [{server: '*', namespace: ui}]\n"
    )
    person.sees(re.compile("may deploy from https://git.example.com/"), person.panel)
    person.click("Create", person.panel)

    expect(person.panel).to_have_count(0)
    person.sees(re.compile("team-ui may deploy from"))
    found = eventually("it is stored", lambda: world.api.find("AppProject", "argocd", "team-ui"))
    assert found["spec"]["destinations"] == [{"server": "*", "namespace": "ui"}]

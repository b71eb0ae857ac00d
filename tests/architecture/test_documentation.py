"""What the documentation says is there, and what is there is documented."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from scripts.reference import command_page, commands, resource_page
from tiphys.cli.main import cli
from tiphys.crds import custom_resource_definitions
from tiphys.settings.interface import parse_interface_settings
from tiphys.settings.login import parse_login_settings
from tiphys.settings.settings import parse_settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
# Decisions and plans name commands that are not there yet.
GUIDES = [ROOT / "README.md", *(page for page in PAGES if page.parent.name != "design")]
COMMANDS = dict(commands(cli))


class Recording(dict[str, str]):
    """An empty ConfigMap that remembers what is looked for in it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(key)
        return default

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return False


def asked_settings() -> dict[str, set[str]]:
    config, params, environment = Recording(), Recording(), Recording()
    parse_settings(config, params, environment=environment)
    parse_interface_settings(config, params, environment)
    parse_login_settings(config, params, environment)
    return {
        "argocd-cm": config.asked,
        "argocd-cmd-params-cm": params.asked,
        "Environment": environment.asked,
    }


def documented_settings() -> dict[str, set[str]]:
    text = (DOCS / "reference" / "settings.md").read_text()
    sections: dict[str, set[str]] = {}
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        rows = re.findall(r"^\| (`[^|]*`) \|", part, re.MULTILINE)
        keys = {key for row in rows for key in re.findall(r"`([^`]+)`", row)}
        sections[part.splitlines()[0]] = keys
    return sections


@pytest.mark.parametrize("place", ["argocd-cm", "argocd-cmd-params-cm", "Environment"])
def test_every_setting_that_is_read_is_documented(place: str) -> None:
    asked = {key for key in asked_settings()[place] if key != "resource.customizations"}

    assert asked - documented_settings()[place] == set()


@pytest.mark.parametrize("place", ["argocd-cm", "argocd-cmd-params-cm"])
def test_every_setting_that_is_documented_is_read(place: str) -> None:
    # Families (`accounts.<name>`), and the words of one family's table.
    types = {"health", "useOpenLibs", "actions", "ignoreDifferences"}
    types |= {"ignoreResourceUpdates", "knownTypeFields"}
    # Asked for by the accounts; asked for where another key is set.
    elsewhere = {"admin.enabled", "help.chatText"}
    documented = {key for key in documented_settings()[place] if "<" not in key} - types

    assert documented - asked_settings()[place] - elsewhere == set()


def test_every_command_says_what_it_does_and_is_in_the_reference() -> None:
    page = command_page()

    assert [words for words, command in COMMANDS.items() if not command.help] == []
    for words, command in COMMANDS.items():
        assert f"\n## {words}\n" in page
        for option in command.params:
            if isinstance(option, click.Option) and not option.hidden:
                assert f"`{option.opts[-1]}`" in page, (words, option.opts)


def test_every_field_of_a_custom_resource_is_in_the_reference() -> None:
    page = resource_page()

    assert "| `spec.syncPolicy.retry.backoff.maxDuration` | string |" in page
    for definition in custom_resource_definitions():
        assert f"\n## {definition['spec']['names']['kind']}\n" in page


def typed_commands(text: str) -> Iterator[str]:
    """Yield what a page tells people to type that begins with `tiphys`."""
    joined = text.replace("\\\n", " ")
    for line in re.findall(r"^(?:    |\$ )(tiphys [a-z][^#|>\n]*)", joined, re.MULTILINE):
        yield line.strip()
    yield from re.findall(r"`(tiphys [a-z][^`<>…]*)`", joined)


def known(typed: str) -> tuple[str, click.Command] | None:
    words = shlex.split(typed.split(";", maxsplit=1)[0])[1:]
    for length in (4, 3, 2, 1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            return name, COMMANDS[name]
    return None


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_what_a_page_tells_people_to_type_is_understood(page: Path) -> None:
    for typed in typed_commands(page.read_text()):
        groups = {name.split()[0] for name in COMMANDS}
        words = typed.split()
        if len(words) == 2 and words[1] in groups:
            continue  # a group is named, not typed
        found = known(typed)
        assert found is not None, typed
        flags = {
            flag for option in found[1].params for flag in [*option.opts, *option.secondary_opts]
        }
        used = {word.partition("=")[0] for word in shlex.split(typed) if word.startswith("-")}
        assert used - flags - {"-", "--help"} == set(), typed


def links(page: Path) -> Mapping[str, Path]:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    return {
        target: (page.parent / target).resolve()
        for target in targets
        if "://" not in target and not target.startswith("mailto:")
    }


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [target for target, path in links(page).items() if not path.exists()]

    assert missing == []

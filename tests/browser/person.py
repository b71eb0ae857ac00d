"""What somebody does in front of the UI, in words of the UI."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

_AXE = Path(__file__).parents[2] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@cache
def _axe() -> str:
    return _AXE.read_text()


class Person:
    """Somebody in front of one tab."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        # A request that is refused is an answer that pages show; the browser repeats each.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def sign_in(self, name: str, password: str) -> None:
        self.go("/applications")
        self.fill_sign_in(name, password)
        self.heading("Applications")

    def fill_sign_in(self, name: str, password: str) -> None:
        self.page.get_by_label("User", exact=True).fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def heading(self, name: str) -> None:
        expect(self.page.get_by_role("heading", name=name, exact=True).first).to_be_visible()

    def sees(self, text: str | re.Pattern[str], within: Locator | None = None) -> None:
        expect((within or self.page).get_by_text(text).first).to_be_visible()

    def click(self, name: str | re.Pattern[str], within: Locator | None = None) -> None:
        (within or self.page).get_by_role("button", name=name, exact=True).first.click()

    def field(self, label: str) -> Locator:
        return self.page.locator("input").and_(self.page.get_by_label(label, exact=True))

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog")

    def close_panel(self) -> None:
        self.page.keyboard.press("Escape")
        expect(self.panel).to_have_count(0)

    def inaccessible(self) -> list[str]:
        """Return what axe finds on the page as it is now, empty for nothing."""
        self.page.evaluate(_axe())
        found: dict[str, Any] = self.page.evaluate(
            "tags => axe.run({runOnly: {type: 'tag', values: tags}})", _TAGS
        )
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

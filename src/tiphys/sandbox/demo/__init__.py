"""The demo repository's content and the applications that deploy it, as package data."""

from pathlib import Path

_HERE = Path(__file__).parent

BROKEN_APPLICATION = "broken"
"""The one application that cannot become Synced: broken on purpose."""


def content_dir() -> Path:
    """Return the directory that becomes the demo repository's first commit."""
    return _HERE / "repository"


def applications(git_url: str) -> str:
    """Return the demo's Application objects as YAML, with `git_url` as their repository."""
    text = (_HERE / "applications.yaml").read_text(encoding="utf-8")
    return text.replace("$GIT_URL", git_url)

"""What messages tell about commits is what Git knows."""

import subprocess
from pathlib import Path

import pytest

from tiphys.model.errors import SourceError
from tiphys.notifications.facts import read_commit

GIT = (
    "git", "-c", "user.name=Ana", "-c", "user.email=ana@example.org",
    "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false",
)  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*GIT, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_commit_has_message_author_date_and_tags(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    when = "--date=2026-02-03T10:00:00+02:00"
    git(tmp_path, "commit", "-q", "--allow-empty", when, "-m", "Sell more\n\nMuch more.")
    git(tmp_path, "tag", "v1")
    git(tmp_path, "tag", "-a", "v2", "-m", "second")
    commit = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Another")
    git(tmp_path, "tag", "later")

    assert read_commit(tmp_path, commit) == {
        "Message": "Sell more\n\nMuch more.",
        "Author": "Ana <ana@example.org>",
        "Date": "2026-02-03T08:00:00Z",
        "Tags": ["v1", "v2"],
    }


def test_an_unknown_commit_is_an_error(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    with pytest.raises(SourceError, match="is not in the repository"):
        read_commit(tmp_path, "0" * 40)

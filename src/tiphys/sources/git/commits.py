"""What a commit says of itself: who, when and why."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pygit2

_MAX_MESSAGE = 10_000


class CommitText(msgspec.Struct, frozen=True, kw_only=True):
    """A commit in words.

    Attributes:
        author: "Name <address>".
        date: when it was committed, RFC 3339.
        tags: that name it, sorted.
        message: cut at ten thousand characters.
    """

    author: str
    date: str
    tags: tuple[str, ...]
    message: str


def commit_text(repository: pygit2.Repository, sha: str, tags: Sequence[str]) -> CommitText:
    """Return a commit that is in a repository, in words."""
    commit = repository[sha].peel(pygit2.Commit)
    offset = timezone(timedelta(minutes=commit.commit_time_offset))
    moment = datetime.fromtimestamp(commit.commit_time, UTC).astimezone(offset)
    return CommitText(
        author=f"{commit.author.name} <{commit.author.email}>",
        date=moment.isoformat().replace("+00:00", "Z"),
        tags=tuple(sorted(tags)),
        message=commit.message[:_MAX_MESSAGE].rstrip("\n"),
    )

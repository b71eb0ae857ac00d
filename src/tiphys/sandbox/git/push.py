"""What a push changed, in the shape of GitHub's push event."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Any, NamedTuple

from tiphys.sandbox.git.backend import git_environment

ABSENT = "0" * 40
"""What stands for the commit of a ref that did not exist, or no longer does."""

_MAX_COMMITS = 2048  # as GitHub: beyond it, readers must compare the two ends themselves
_FIELDS = "%x1e%H%x1f%T%x1f%an%x1f%ae%x1f%cI%x1f%B%x1f"


class RefChange(NamedTuple):
    """One ref that a push moved; `ABSENT` on the side where it does not exist."""

    ref: str
    before: str
    after: str


async def read_refs(repository: Path) -> dict[str, str]:
    """Return every branch and tag of a repository with the object it points at."""
    listed = await _git(
        repository, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags"
    )
    pairs = (line.split(" ", 1) for line in listed.splitlines())
    return {ref: commit for commit, ref in pairs}


def changed_refs(before: dict[str, str], after: dict[str, str]) -> list[RefChange]:
    """Return the refs that differ, sorted by name."""
    return [
        RefChange(ref, before.get(ref, ABSENT), after.get(ref, ABSENT))
        for ref in sorted(before.keys() | after.keys())
        if before.get(ref) != after.get(ref)
    ]


async def push_event(
    repository: Path, change: RefChange, known: frozenset[str], clone_url: str
) -> dict[str, Any]:
    """Return the body of the push event for one changed ref.

    Args:
        repository: the bare repository, after the push.
        change: the ref that moved.
        known: the commits that refs pointed at before; a new branch lists only what they lack.
        clone_url: where the pusher reached the repository, ending in ".git".
    """
    commits = await _commits(repository, change, known)
    default_branch = await _git(repository, "symbolic-ref", "--short", "HEAD")
    html_url = clone_url.removesuffix(".git")
    pusher = commits[-1]["author"] if commits else {"name": "anonymous", "email": ""}
    return {
        "ref": change.ref,
        "before": change.before,
        "after": change.after,
        "created": change.before == ABSENT,
        "deleted": change.after == ABSENT,
        "compare": f"{html_url}/compare/{change.before[:12]}...{change.after[:12]}",
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
        "pusher": pusher,
        "repository": {
            "name": html_url.rsplit("/", 1)[-1],
            "full_name": "/".join(html_url.rsplit("/", 2)[-2:]),
            "html_url": html_url,
            "clone_url": clone_url,
            "default_branch": default_branch.strip(),
        },
    }


async def _commits(
    repository: Path, change: RefChange, known: frozenset[str]
) -> list[dict[str, Any]]:
    if change.after == ABSENT:
        return []
    without = known if change.before == ABSENT else {change.before}
    log = await _git(
        repository,
        "log",
        "-z",
        "--reverse",
        "--name-status",
        "--no-renames",
        "--diff-merges=first-parent",
        f"--max-count={_MAX_COMMITS}",
        f"--format={_FIELDS}",
        change.after,
        "--not",
        *sorted(without),
    )
    return [parse_commit(record) for record in log.split("\x1e")[1:]]


def parse_commit(record: str) -> dict[str, Any]:
    """Return one commit of the event from its record in the log.

    Args:
        record: the fields of `_FIELDS` after the record separator, then the name-status pairs of
            the paths, each ended by a NUL.
    """
    commit, tree, name, email, when, message, rest = record.split("\x1f", 6)
    words = [word for word in rest.strip("\n\0").split("\0") if word]
    paths: dict[str, list[str]] = {"A": [], "M": [], "D": []}
    for status, path in zip(words[::2], words[1::2], strict=False):
        # Type changes ("T") and whatever else git may tell are modifications to GitHub.
        paths.get(status.strip()[:1], paths["M"]).append(path)
    return {
        "id": commit,
        "tree_id": tree,
        "distinct": True,
        "message": message.strip(),
        "timestamp": when,
        "author": {"name": name, "email": email},
        "committer": {"name": name, "email": email},
        "added": paths["A"],
        "modified": paths["M"],
        "removed": paths["D"],
    }


async def _git(repository: Path, *arguments: str) -> str:
    """Return the output of a reading git command; empty when it fails."""
    process = await asyncio.create_subprocess_exec(
        "git",
        f"--git-dir={repository}",
        *arguments,
        env=git_environment(repository),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
    )
    output, _ = await process.communicate()
    return output.decode(errors="replace")

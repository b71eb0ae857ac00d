"""Which commit a targetRevision means, given the refs of a repository.

Source: Argo CD user guide, "Tracking and Deployment Strategies".
"""

import re
from collections.abc import Collection, Mapping

from tiphys.model.errors import InvalidInputError, SourceError
from tiphys.sources.versions import best_match, is_constraint, parse_version

_SHA = re.compile(r"[0-9a-f]{40}")
_SHORT_SHA = re.compile(r"[0-9a-f]{7,40}")


def is_full_sha(revision: str) -> bool:
    """Return whether a revision is a whole commit SHA."""
    return _SHA.fullmatch(revision) is not None


def is_short_sha(revision: str) -> bool:
    """Return whether a revision may be the beginning of a commit SHA."""
    return _SHORT_SHA.fullmatch(revision) is not None


def find_revision(
    refs: Mapping[str, str],
    revision: str,
    tag_prefix: str = "",
    deleted: Collection[str] = (),
) -> str | None:
    """Return the commit that a targetRevision means; None when no ref answers.

    A version is first of all a tag, and a range of versions the highest tag in it, even where a
    branch is called so; then come branches, then tags.

    Args:
        refs: full names to commit SHAs, HEAD included; tags are peeled.
        revision: a branch, tag, full ref, range of versions, or empty for HEAD.
        tag_prefix: only tags that begin with it count for versions.
        deleted: branches that were here once and are no more.

    Raises:
        SourceError: the branch of that name is deleted, and a tag has the same name: whoever
            followed the branch must not get the tag without a word.
        InvalidInputError: there is a prefix, and the revision is no version or range.
    """
    if revision in {"", "HEAD"}:
        return refs.get("HEAD")
    tags = {name.removeprefix("refs/tags/") for name in refs if name.startswith("refs/tags/")}
    tag = _version_tag(tags, revision, tag_prefix)
    if tag is None and revision in deleted and revision in tags:
        raise SourceError(
            f"branch `{revision}` was deleted; a tag has the same name",
            hint=f"Set targetRevision to `refs/tags/{revision}` to deploy the tag.",
            transient=False,
        )
    names = [f"refs/tags/{tag}"] if tag else []
    names += [revision, f"refs/heads/{revision}", f"refs/tags/{revision}"]
    return next((refs[name] for name in names if name in refs), None)


def find_tags(refs: Mapping[str, str], commit: str) -> list[str]:
    """Return the names of the tags that lead to a commit."""
    prefix = "refs/tags/"
    return [
        name.removeprefix(prefix)
        for name, found in refs.items()
        if found == commit and name.startswith(prefix)
    ]


def _version_tag(tags: set[str], revision: str, tag_prefix: str) -> str | None:
    if parse_version(revision) is not None:
        name = f"{tag_prefix}{revision}"
        return name if name in tags else None
    if is_constraint(revision):
        return best_match(revision, tags, tag_prefix)
    if tag_prefix:
        raise InvalidInputError(
            f"`{revision}` is no version, as tagPrefix `{tag_prefix}` asks for",
            where="targetRevision",
            hint="Name a version or a range such as `1.*`, or remove tagPrefix.",
        )
    return None

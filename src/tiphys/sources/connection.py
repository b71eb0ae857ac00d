"""Sees whether a repository answers, before anything is deployed from it."""

from tiphys.sources.access import RepositoryAccess
from tiphys.sources.git.command import run_git

_TIMEOUT_S = 20.0


async def check_repository(access: RepositoryAccess) -> None:
    """Ask a Git repository for its references.

    Raises:
        SourceError: it does not answer, or refuses us.
    """
    await run_git(["ls-remote", "--", access.url, "HEAD"], access, timeout_s=_TIMEOUT_S)

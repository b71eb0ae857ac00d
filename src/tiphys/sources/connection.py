"""Sees whether a repository answers, before anything is deployed from it."""

import tempfile
from pathlib import Path

from tiphys.sources.access import RepositoryAccess
from tiphys.sources.addresses import scheme_of
from tiphys.sources.charts.charts import Charts
from tiphys.sources.git.command import run_git
from tiphys.sources.git.environment import require_git_address

_TIMEOUT_S = 20.0


async def check_repository(access: RepositoryAccess, file_roots: tuple[str, ...] = ()) -> None:
    """Ask a repository for what everything else in it is found by: references, index or tags.

    Args:
        access: who we are there; its kind says what is asked.
        file_roots: folders of the controller's machine that repositories may lie in.

    Raises:
        SourceError: it does not answer, or refuses us.
        InvalidInputError: the address or the credentials cannot be used.
    """
    if access.kind in {"helm", "oci"} or scheme_of(access.url) == "oci":
        with tempfile.TemporaryDirectory(prefix="tiphys-check-") as folder:
            await Charts(Path(folder), fresh_s=0).check(access)
        return
    require_git_address(access.url, file_roots)
    await run_git(["ls-remote", "--", access.url, "HEAD"], access, timeout_s=_TIMEOUT_S)

"""What the operating system lets this process use."""

import logging
import resource

log = logging.getLogger(__name__)

_WANTED = 65_536
_LITTLE = 1024


def raise_file_limit() -> None:
    """Let the process open as many files as it is allowed to ask for.

    Each watch is a connection and each pack of a repository is a file; the soft limit of most
    systems is made for programs that wait for files with `select`.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError) as err:
            log.warning("the limit of open files stays", extra={"limit": soft, "error": str(err)})
    if wanted <= _LITTLE:
        log.warning("few files may be open at once", extra={"limit": wanted})

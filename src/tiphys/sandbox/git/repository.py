"""A bare repository made of a directory's content."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tiphys.model.errors import InvalidInputError, TiphysError
from tiphys.sandbox.git.backend import git_environment
from tiphys.sandbox.git.paths import is_repository_name, repository_dir

_BRANCH = "main"
_AUTHOR = {
    "GIT_AUTHOR_NAME": "tiphys sandbox",
    "GIT_AUTHOR_EMAIL": "sandbox@tiphys.invalid",
    "GIT_COMMITTER_NAME": "tiphys sandbox",
    "GIT_COMMITTER_EMAIL": "sandbox@tiphys.invalid",
}
_EXCLUDED = "__pycache__/\n*.pyc\n"


class GitCommandError(TiphysError):
    """A git command of the sandbox's own failed."""

    reason = "GitCommandFailed"


def ensure_repository(root: Path, name: str, content_dir: Path | None = None) -> Path:
    """Return the bare repository `name`, made with a first commit when it is absent.

    Args:
        root: the directory that holds all repositories; made when absent.
        name: without ".git": "demo".
        content_dir: what the first commit on branch main holds; None for an empty repository.

    Raises:
        InvalidInputError: `name` is not one that a repository can have.
        GitCommandError: git is absent or fails.
    """
    if not is_repository_name(name):
        raise InvalidInputError(
            f"`{name}` is not a repository name", hint="Use letters, digits, `-`, `_` and `.`."
        )
    final = repository_dir(root, name)
    if (final / "HEAD").is_file():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    # Built aside and moved in one step: a kill half way leaves nothing that looks complete.
    building = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    try:
        _fill(building, content_dir)
        building.rename(final)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return final


def _fill(repository: Path, content_dir: Path | None) -> None:
    environment = {**git_environment(repository), **_AUTHOR, "GIT_DIR": str(repository)}
    _git(environment, "init", "--quiet", "--bare", f"--initial-branch={_BRANCH}")
    (repository / "info").mkdir(exist_ok=True)
    (repository / "info" / "exclude").write_text(_EXCLUDED, encoding="utf-8")
    if content_dir is None:
        return
    index = repository / "first-commit.index"
    work = {
        **environment,
        "GIT_WORK_TREE": str(content_dir.resolve()),
        "GIT_INDEX_FILE": str(index),
    }
    # Installed package data has whatever modes the installer gave it.
    _git(work, "-c", "core.fileMode=false", "-c", "core.bare=false", "add", "--all", ".")
    tree = _git(work, "write-tree")
    index.unlink(missing_ok=True)
    commit = _git(environment, "commit-tree", tree, "-m", "Add the demo applications")
    _git(environment, "update-ref", f"refs/heads/{_BRANCH}", commit)


def _git(environment: dict[str, str], *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 git is looked up on PATH on purpose
            env=environment,
            cwd=environment.get("GIT_WORK_TREE", os.curdir),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as err:
        raise GitCommandError(
            "the command `git` is not installed", hint="Install git with your package system."
        ) from err
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise GitCommandError(f"`git {arguments[0]}` failed: {said}")
    return done.stdout.decode().strip()

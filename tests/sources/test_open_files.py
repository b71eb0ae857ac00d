"""How many files reading from many repositories holds open."""

import subprocess
from pathlib import Path

from tiphys.sources.git.handles import Handles

REPOSITORIES, PACKS = 20, 30
_GIT = ("git", "-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "gc.auto=0")


def _repository(folder: Path) -> str:
    """Make a repository of many packs and return its newest commit."""

    def git(*arguments: str, text: str = "") -> str:
        done = subprocess.run(
            [*_GIT, *arguments], cwd=folder, input=text, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    folder.mkdir()
    git("init", "-q", "--bare")
    commit = ""
    for n in range(PACKS):
        blob = git("hash-object", "-w", "--stdin", text=f"{folder.name} {n}")
        tree = git("mktree", text=f"100644 blob {blob}\tfile\n")
        parents = ("-p", commit) if commit else ()
        commit = git("commit-tree", *parents, "-m", "change", tree)
        git("update-ref", "refs/heads/main", commit)
        git("repack", "-d", "-q")
    return commit


def test_many_repositories_of_many_packs_hold_few_files(tmp_path: Path) -> None:
    folder = tmp_path / "one.git"
    commit = _repository(folder)
    assert len(list(folder.glob("objects/pack/*.pack"))) == PACKS
    folders = [folder]
    for n in range(1, REPOSITORIES):
        copy = tmp_path / f"{n}.git"
        subprocess.run(["cp", "-r", str(folder), str(copy)], check=True)
        folders.append(copy)
    before = len(list(Path("/proc/self/fd").iterdir()))

    for place in folders:
        handles = Handles(place)
        repository = handles.repository()
        for found in repository.walk(commit):
            assert repository.get(found.tree["file"].id) is not None

    held = len(list(Path("/proc/self/fd").iterdir())) - before
    assert held <= 200

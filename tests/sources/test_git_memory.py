"""Reading from repositories keeps nothing for each reading."""

import gc
import subprocess
import tracemalloc
from pathlib import Path

import pygit2

from tiphys.sources.git.tree import CommitTree

_READINGS = 3000


def test_a_path_that_is_read_many_times_is_kept_once(tmp_path: Path) -> None:
    folder = tmp_path / "a-folder"
    folder.mkdir()
    (folder / "a-file-with-a-name.yaml").write_text("one: 1")
    git = ("git", "-c", "user.name=T", "-c", "user.email=t@example.com")
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "one")):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    repository = pygit2.Repository(str(tmp_path))
    commit = str(repository.head.target)

    def read(times: int) -> None:
        for _ in range(times):
            path = "/".join(["a-folder", "a-file-with-a-name.yaml"])
            assert CommitTree(repository, commit).object_id(path)

    read(10)
    gc.collect()
    tracemalloc.start()
    try:
        read(_READINGS)
        gc.collect()
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert kept < _READINGS * 10

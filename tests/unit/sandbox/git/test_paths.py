"""Which URL paths name which repository, and which name none."""

from pathlib import Path

import pytest

from tiphys.sandbox.git.paths import Service, Target, find_repository, parse_path, repository_names


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/demo.git/info/refs", Target("demo", Service.REFS), id="a clone asks refs"),
        pytest.param("/demo/info/refs", Target("demo", Service.REFS), id="without the ending too"),
        pytest.param("/demo.git/git-upload-pack", Target("demo", Service.FETCH), id="a fetch"),
        pytest.param("/demo.git/git-receive-pack", Target("demo", Service.PUSH), id="a push"),
        pytest.param("/team/demo.git", Target("team/demo", Service.ABOUT), id="a browser looks"),
        pytest.param("/../demo.git/info/refs", None, id="a parent is no name"),
        pytest.param("/a/../../etc/info/refs", None, id="a parent in the middle is no name"),
        pytest.param("/.hidden/info/refs", None, id="hidden directories are not served"),
        pytest.param("//info/refs", None, id="an empty name is no name"),
        pytest.param("/demo.git/objects/info/packs", None, id="inside a repository is not served"),
        pytest.param("/demo\0/info/refs", None, id="a NUL is no name"),
        pytest.param("/a/b/c/d/e/info/refs", None, id="too deep"),
    ],
)
def test_parse_path(path: str, expected: Target | None) -> None:
    assert parse_path(path) == expected


def _repository(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "HEAD").write_text("ref: refs/heads/main\n")
    return path


def test_a_link_out_of_the_root_is_not_a_repository(tmp_path: Path) -> None:
    outside = _repository(tmp_path / "outside.git")
    root = tmp_path / "root"
    inside = _repository(root / "demo.git")
    (root / "leak.git").symlink_to(outside)
    (root / "alias.git").symlink_to(inside)
    assert find_repository(root, "leak") is None
    assert find_repository(root, "alias") == inside
    assert repository_names(root) == ["alias", "demo"]


def test_an_absent_repository_is_not_found(tmp_path: Path) -> None:
    assert find_repository(tmp_path, "demo") is None

"""Archives that strangers wrote."""

import gzip
import tarfile
from pathlib import Path

import pytest

from tests.peers.archives import link, tar, tar_gz
from tiphys.model.errors import RenderError
from tiphys.sources.charts.archives import unpack


def _unpack(body: bytes, tmp_path: Path, *, max_bytes: int = 10_000_000) -> Path:
    archive, folder = tmp_path / "archive", tmp_path / "files"
    archive.write_bytes(body)
    folder.mkdir()
    unpack(archive, folder, max_bytes=max_bytes, subject="chart")
    return folder


def test_files_folders_and_links_inside_are_written(tmp_path: Path) -> None:
    members = [link("web/current", "v1/a.txt"), link("web/back", "../web/v1")]

    folder = _unpack(tar_gz({"web/v1/a.txt": "hi", "./web/b": "x"}, members), tmp_path)

    assert (folder / "web/current").read_text() == "hi"
    assert (folder / "web/back/a.txt").read_text() == "hi"
    assert (folder / "web/b").read_text() == "x"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(tar({"../evil": "x"}), "illegal filepath in the chart: ../evil", id="parent"),
        pytest.param(tar({"/etc/evil": "x"}), "illegal filepath in the chart", id="absolute"),
        pytest.param(
            tar({"a/../../evil": "x"}), "illegal filepath in the chart", id="a way around"
        ),
        pytest.param(
            tar({}, [link("web/x", "/etc/passwd")]),
            "chart contains out-of-bounds symlinks. file: web/x",
            id="an absolute link",
        ),
        pytest.param(
            tar({}, [link("web/x", "../../passwd")]),
            "chart contains out-of-bounds symlinks. file: web/x",
            id="a relative link outside",
        ),
        pytest.param(
            tar({"web/deep/er/f": "x"}, [link("a", "web/deep/er"), link("b", "a/../../../..")]),
            "chart contains out-of-bounds symlinks. file: b",
            id="a link through a link",
        ),
        pytest.param(
            tar({}, [link("a", "b"), link("b", "a")]),
            "chart contains out-of-bounds symlinks",
            id="a loop of links",
        ),
        pytest.param(
            tar({}, [link("web/x", "/etc/passwd", is_hard=True)]),
            "illegal filepath in symlink",
            id="a hard link",
        ),
        pytest.param(b"<html>not found</html>", "is no readable archive", id="no archive"),
        pytest.param(
            gzip.compress(tar({"a": "x" * 2000}))[:-30], "is no readable archive", id="cut off"
        ),
    ],
)
def test_what_leads_outside_or_cannot_be_read_is_refused(
    tmp_path: Path, body: bytes, message: str
) -> None:
    with pytest.raises(RenderError) as caught:
        _unpack(body, tmp_path)

    assert message in caught.value.line
    assert {path.name for path in tmp_path.iterdir()} <= {"archive", "files"}


def test_no_file_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    body = tar({"web/x/f": "evil"}, [link("web/x", str(outside))])

    with pytest.raises(RenderError):
        _unpack(body, tmp_path)

    assert list(outside.iterdir()) == []


def test_a_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    body = gzip.compress(bytes(50_000_000))

    with pytest.raises(RenderError, match="larger than 1000000 bytes unpacked"):
        _unpack(body, tmp_path, max_bytes=1_000_000)


def test_a_header_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 5_000_000
    body = info.tobuf() + bytes(5_000_704)

    with pytest.raises(RenderError, match="a header is too large"):
        _unpack(body, tmp_path)


def test_devices_are_left_out(tmp_path: Path) -> None:
    info = tarfile.TarInfo("web/null")
    info.type = tarfile.CHRTYPE

    folder = _unpack(tar({"web/a": "x"}, [info]), tmp_path)

    assert [path.name for path in (folder / "web").iterdir()] == ["a"]

"""Indexes of Helm repositories, as generated and as written by hand."""

from pathlib import Path

import pytest
import yaml

from tiphys.model.errors import SourceError
from tiphys.sources.charts.index import ChartVersion, chart_versions

_GENERATED = """apiVersion: v1
entries:
  alpha:
  - apiVersion: v2
    description: |
      entries:
        web:
    name: alpha
    urls:
    - https://example.com/alpha-1.0.0.tgz
    version: 1.0.0
  web:
  - apiVersion: v2
    digest: ABC
    urls:
    - web-2.0.0.tgz
    version: 2.0.0
  - urls:
    - web-1.10.0.tgz
    version: "1.10.0"
  # a comment
  zeta:
  - version: 3.0.0
generated: "2026-01-01T00:00:00Z"
"""
_WEB = (
    ChartVersion("2.0.0", ("web-2.0.0.tgz",), "abc"),
    ChartVersion("1.10.0", ("web-1.10.0.tgz",)),
)


def _versions(tmp_path: Path, text: str, chart: str = "web") -> tuple[ChartVersion, ...]:
    path = tmp_path / "index.yaml"
    path.write_text(text)
    return chart_versions(path, chart)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_GENERATED, id="as Helm writes it"),
        pytest.param(yaml.safe_dump(yaml.safe_load(_GENERATED), indent=4), id="indented"),
        pytest.param(
            yaml.safe_dump(yaml.safe_load(_GENERATED), default_flow_style=True), id="flow style"
        ),
        pytest.param(_GENERATED.replace("  web:", '  "web":'), id="a quoted name"),
    ],
)
def test_a_chart_has_the_same_versions_in_any_form(tmp_path: Path, text: str) -> None:
    assert _versions(tmp_path, text) == _WEB


def test_an_absent_chart_has_no_versions(tmp_path: Path) -> None:
    assert _versions(tmp_path, _GENERATED, "nope") == ()


@pytest.mark.parametrize(
    "text",
    ["<html></html>", "", "a: [", "- 1", "entries: 3", "entries:\n  web: 3\n"],
)
def test_what_is_no_index_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match="is no index of charts"):
        _versions(tmp_path, text)


def test_one_chart_of_a_huge_index_is_read_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "index.yaml"
    filler = "  - version: 1.0.0\n    description: {}\n".format("x" * 400)
    with path.open("w") as file:
        file.write("entries:\n")
        for number in range(200):
            file.write(f"  chart-{number}:\n{filler * 1000}")
    assert path.stat().st_size > 80_000_000

    assert len(chart_versions(path, "chart-7")) == 1000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "{entries: {web: [" + "a,\n" * 3_000_000 + "]}}",
            "larger than 8388608 bytes and not in Helm's form",
            id="of another form",
        ),
        pytest.param(
            "entries:\n  web:\n  - version: " + "1" * 9_000_000,
            "a line of the index is larger than 1048576 bytes",
            id="of one line",
        ),
        pytest.param(
            "entries:\n  web:\n" + "  - version: 1.0.0\n" * 500_000,
            "the entries of `web` are larger than 8388608 bytes",
            id="of one chart",
        ),
    ],
)
def test_a_huge_index_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        _versions(tmp_path, text)

    assert message in caught.value.line

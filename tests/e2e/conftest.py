"""One world a test process; tests keep apart by namespaces, repositories and names of their own."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.world import World, new_world

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home: Path = tmp_path_factory.mktemp("world")
    with new_world(home) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lines = (FOLDER / "sandbox_gaps.txt").read_text().splitlines()
    gaps = {line for line in lines if line and not line.startswith("#")}
    is_sandbox = "TIPHYS_TEST_KUBECONFIG" not in os.environ
    for item in items:
        if FOLDER not in item.path.parents:
            continue
        item.add_marker(pytest.mark.e2e)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(120))
        if is_sandbox and f"{item.path.name}::{item.name}" in gaps:
            # Strict: a gap that closes fails until its line is removed.
            item.add_marker(pytest.mark.xfail(reason="a known gap of the sandbox", strict=True))

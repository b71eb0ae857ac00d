"""One world a test process; tests keep apart by namespaces, repositories and names of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.world import World, new_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home: Path = tmp_path_factory.mktemp("world")
    with new_world(home) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(120))

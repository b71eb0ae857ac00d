"""One cluster a test process: the sandbox, or the one that TIPHYS_TEST_KUBECONFIG names.

Tests know neither; they keep apart by namespaces and API groups of their own.
"""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.cluster import Cluster
from tests.e2e.world import sandbox

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    named = os.environ.get("TIPHYS_TEST_KUBECONFIG")
    with contextlib.ExitStack() as stack:
        home = tmp_path_factory.mktemp("contract") / "sandbox"
        kubeconfig = Path(named) if named else stack.enter_context(sandbox(home))
        running = Cluster(kubeconfig)
        stack.callback(running.close)
        yield running


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """The name of a new namespace, deleted afterwards."""
    name = f"contract-{uuid.uuid4().hex[:10]}"
    cluster.post("/api/v1/namespaces", {"metadata": {"name": name}}).ok()
    yield name
    cluster.delete(f"/api/v1/namespaces/{name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    is_real = "TIPHYS_TEST_KUBECONFIG" in os.environ
    for item in items:
        if FOLDER not in item.path.parents:
            continue
        item.add_marker(pytest.mark.contract)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(120))
        if is_real and item.get_closest_marker("sandbox_only"):
            item.add_marker(pytest.mark.skip(reason="about the sandbox alone"))

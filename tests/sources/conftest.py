"""What the tests of sources share: identities, and places to keep things."""

from pathlib import Path

import pytest

from tests.peers.certificates import Authority
from tiphys.sources.charts.charts import Charts


@pytest.fixture
def charts(tmp_path: Path) -> Charts:
    return Charts(tmp_path / "cache", fresh_s=30.0)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))

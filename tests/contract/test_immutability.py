"""What an update may change, and what not."""

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.recorded import check, recorded_cases


@pytest.mark.parametrize(("case", "expected"), recorded_cases("immutability"))
def test_a_change_is_answered_as_by_a_real_server(
    cluster: Cluster, namespace: str, case: dict[str, Any], expected: Any
) -> None:
    check(cluster, namespace, case, expected)

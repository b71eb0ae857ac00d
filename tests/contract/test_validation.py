"""What the server refuses to create: reason, message and causes."""

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.recorded import check, recorded_cases


@pytest.mark.parametrize(("case", "expected"), recorded_cases("validation"))
def test_a_wrong_object_is_refused_as_by_a_real_server(
    cluster: Cluster, namespace: str, case: dict[str, Any], expected: Any
) -> None:
    check(cluster, namespace, case, expected)

"""Empty values, nulls and quantities: what of them is kept."""

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.recorded import check, recorded_cases


@pytest.mark.parametrize(("case", "expected"), recorded_cases("zeros"))
def test_what_says_nothing_is_kept_as_a_real_server_keeps_it(
    cluster: Cluster, namespace: str, case: dict[str, Any], expected: Any
) -> None:
    check(cluster, namespace, case, expected)

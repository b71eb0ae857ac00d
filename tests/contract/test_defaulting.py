"""What the server fills in and adds: the whole object, as a real server answered it."""

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.recorded import check, recorded_cases


@pytest.mark.parametrize(("case", "expected"), recorded_cases("defaulting"))
def test_a_new_object_is_what_a_real_server_makes_of_it(
    cluster: Cluster, namespace: str, case: dict[str, Any], expected: Any
) -> None:
    check(cluster, namespace, case, expected)

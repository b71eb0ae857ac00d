"""Kinds that have several versions: an object of one, read in another."""

from typing import Any

import pytest

from tests.contract.cluster import Cluster
from tests.contract.recorded import check, recorded_cases


@pytest.mark.parametrize(("case", "expected"), recorded_cases("versions"))
def test_an_object_reads_in_another_version_as_on_a_real_server(
    cluster: Cluster, namespace: str, case: dict[str, Any], expected: Any
) -> None:
    check(cluster, namespace, case, expected)

"""What an update may change, and what not."""

from typing import Any

import pytest

from tests.contract.cluster import STRATEGIC_PATCH, Cluster, at
from tests.contract.recorded import check, recorded_cases
from tests.e2e.api import eventually

POD = {"containers": [{"name": "a", "image": "a"}]}
KEPT, OTHER = ({"key": key, "operator": "Exists"} for key in ("kept", "other"))
FIXED = "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"


@pytest.mark.parametrize(("case", "expected"), recorded_cases("immutability"))
def test_a_change_is_answered_as_by_a_real_server(
    cluster: Cluster, namespace: str, case: dict[str, Any], expected: Any
) -> None:
    check(cluster, namespace, case, expected)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param({"containers": [{"name": "a", "tty": True}]}, FIXED, id="a container"),
        pytest.param({"hostname": "other"}, FIXED, id="its host name"),
        pytest.param({"terminationGracePeriodSeconds": 5}, FIXED, id="its grace period"),
        pytest.param({"tolerations": [OTHER]}, "spec", id="a toleration taken away"),
        pytest.param(
            {"containers": [{"name": "b", "image": "b"}]},
            "spec.containers: Forbidden: pod updates may not add or remove containers",
            id="one container more",
        ),
        pytest.param({"containers": [{"name": "a", "image": "b"}]}, "", id="an image, which may"),
        pytest.param({"activeDeadlineSeconds": 500}, "", id="a deadline, which may"),
        pytest.param({"tolerations": [KEPT, OTHER]}, "", id="a toleration more"),
    ],
)
def test_a_pod_changes_little(
    cluster: Cluster, namespace: str, spec: dict[str, Any], said: str
) -> None:
    path = at("v1", "pods", namespace)
    account = at("v1", "serviceaccounts", namespace, "default")
    eventually("the default account", lambda: cluster.get(account).code == 200, 30)
    given = {"tolerations": [KEPT], **POD}
    cluster.post(path, {"metadata": {"name": "one"}, "spec": given}).ok()
    change = {"spec": spec}
    answer = cluster.patch(f"{path}/one", change, STRATEGIC_PATCH)
    if said:
        assert answer.failure(422, "Invalid")["message"].startswith(f'Pod "one" is invalid: {said}')
    else:
        answer.ok()

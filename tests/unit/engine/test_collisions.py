"""Which items of a live object a refused apply collides with, and what becomes of them."""

from typing import Any

import pytest

from tiphys.engine.collisions import repair_patch
from tiphys.model.keys import GroupVersionKind
from tiphys.structured.schema import load_builtin_schema

TEST = {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
SERVICE = GroupVersionKind("", "v1", "Service")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")


def _port(number: int, name: str = "http", **more: Any) -> dict[str, Any]:
    return {"name": name, "port": number, "protocol": "TCP", **more}


def _service(*ports: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "web", "resourceVersion": "7"}, "spec": {"ports": list(ports)}}


def _cause(field: str, reason: str = "FieldValueDuplicate") -> dict[str, str]:
    return {"reason": reason, "message": "Duplicate value", "field": field}


@pytest.mark.parametrize(
    ("target", "live", "cause", "expected"),
    [
        pytest.param(
            _service(_port(80)),
            _service(_port(8080)),
            _cause("spec.ports[1].name"),
            [TEST, {"op": "replace", "path": "/spec/ports/0", "value": _port(80)}],
            id="an edited key is edited back",
        ),
        pytest.param(
            _service(_port(80)),
            _service(_port(9090, "metrics"), _port(8080)),
            _cause("spec.ports[2].name"),
            [TEST, {"op": "replace", "path": "/spec/ports/1", "value": _port(80)}],
            id="an item of another name is nobody's business",
        ),
        pytest.param(
            _service(_port(80, nodePort=30080)),
            _service(_port(80, "old"), _port(8080, "mine", nodePort=30080)),
            _cause("spec.ports[0].nodePort", "FieldValueInvalid"),
            [TEST, {"op": "remove", "path": "/spec/ports/1"}],
            id="what collides with an item that is there goes",
        ),
        pytest.param(
            _service(_port(80), _port(81, "admin")),
            _service(_port(8080), _port(8081, "admin")),
            _cause("spec.ports[2].name"),
            [
                TEST,
                {"op": "replace", "path": "/spec/ports/1", "value": _port(81, "admin")},
                {"op": "replace", "path": "/spec/ports/0", "value": _port(80)},
            ],
            id="two edited keys are both edited back",
        ),
        pytest.param(
            _service(_port(80)),
            _service(_port(80)),
            _cause("spec.ports[0].name"),
            None,
            id="nothing foreign explains it",
        ),
        pytest.param(
            _service(_port(80)),
            _service(_port(8080)),
            _cause("spec.clusterIP", "FieldValueInvalid"),
            None,
            id="another field is refused",
        ),
        pytest.param(
            _service(_port(80)),
            _service(_port(8080)),
            _cause("spec.ports[1].name", "FieldValueRequired"),
            None,
            id="something is missing, which is another matter",
        ),
    ],
)
def test_repair_patch(target: Any, live: Any, cause: Any, expected: Any) -> None:
    schema = load_builtin_schema().schema_for(SERVICE)

    assert repair_patch([cause], target, live, schema) == expected


def test_items_inside_items_are_found_by_the_keys_of_both() -> None:
    def web(*containers: dict[str, Any]) -> dict[str, Any]:
        spec = {"template": {"spec": {"containers": list(containers)}}}
        return {"metadata": {"resourceVersion": "7"}, "spec": spec}

    def main(number: int) -> dict[str, Any]:
        return {"name": "main", "ports": [{"name": "http", "containerPort": number}]}

    cause = _cause("spec.template.spec.containers[0].ports[1].name")
    schema = load_builtin_schema().schema_for(DEPLOYMENT)
    sidecar = {"name": "sidecar", "ports": [{"name": "http", "containerPort": 1}]}

    patch = repair_patch([cause], web(main(80)), web(sidecar, main(8080)), schema)

    path = "/spec/template/spec/containers/1/ports/0"
    wanted = {"name": "http", "containerPort": 80}
    assert patch == [TEST, {"op": "replace", "path": path, "value": wanted}]


def test_without_a_schema_nothing_is_touched() -> None:
    live = _service(_port(8080))

    assert repair_patch([_cause("spec.ports[1].name")], _service(_port(80)), live, None) is None

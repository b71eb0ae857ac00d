"""Which Pods are a living Argo CD application controller."""

from typing import Any

import pytest

from tiphys.engine.rivals import living_rivals

PROGRAM = "argocd-application-controller"


def _pod(*, phase: str = "Running", leaving: bool = False, **container: Any) -> dict[str, Any]:
    metadata = {"name": "pod", **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if leaving else {})}
    return {
        "metadata": metadata,
        "spec": {"containers": [{"name": "main", **container}]},
        "status": {"phase": phase},
    }


@pytest.mark.parametrize(
    ("pod", "is_rival"),
    [
        pytest.param(_pod(command=[PROGRAM]), True, id="as its command"),
        pytest.param(_pod(args=[f"/usr/local/bin/{PROGRAM}", "--x"]), True, id="as an argument"),
        pytest.param(_pod(args=[PROGRAM], phase="Pending"), False, id="one that does not run yet"),
        pytest.param(_pod(args=[PROGRAM], leaving=True), False, id="one that is leaving"),
        pytest.param(_pod(args=["argocd-server"]), False, id="another part of Argo CD"),
        pytest.param(_pod(name=PROGRAM, args=["tiphys", "run"]), False, id="only named like it"),
        pytest.param(_pod(), False, id="one that says nothing"),
    ],
)
def test_living_rivals(pod: dict[str, Any], is_rival: bool) -> None:
    assert bool(living_rivals([pod])) is is_rival

"""Which Applications `tiphys up` waits for."""

from typing import Any

from tiphys.cli.deployment import demo_of


def application(name: str, tracking_id: str = "") -> dict[str, Any]:
    annotations = {"argocd.argoproj.io/tracking-id": tracking_id} if tracking_id else {}
    return {"metadata": {"name": name, "annotations": annotations}}


def test_the_demo_and_its_children_are_waited_for_and_nothing_of_a_person() -> None:
    own = application("own")
    demo = application("apps")
    child = application("child", "apps:argoproj.io/Application:argocd/child")
    other = application("other", "own:argoproj.io/Application:argocd/other")

    assert demo_of([own, demo, child, other], frozenset({"apps"})) == [demo, child]

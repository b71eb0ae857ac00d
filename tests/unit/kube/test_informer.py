from typing import Any, cast

from tiphys.kube.client import KubeClient
from tiphys.kube.informer import Informer
from tiphys.model.keys import GroupVersionKind, Manifest


def _informer() -> Informer:
    return Informer(cast("KubeClient", None), GroupVersionKind("argoproj.io", "v1", "Application"))


def _app(version: int, **metadata: Any) -> Manifest:
    return {"metadata": {"name": "web", "namespace": "argocd", "uid": "u",
                         "resourceVersion": str(version), **metadata}}  # fmt: skip


def test_what_our_own_write_deleted_does_not_come_back_behind_its_event() -> None:
    informer = _informer()
    informer.changed("ADDED", _app(1, finalizers=["a"], deletionTimestamp="2026-01-01T00:00:00Z"))
    informer.changed("DELETED", _app(2, deletionTimestamp="2026-01-01T00:00:00Z"))

    informer.observe(_app(2, deletionTimestamp="2026-01-01T00:00:00Z"))

    assert informer.names() == []


def test_an_object_that_is_held_stays_until_its_event_comes() -> None:
    informer = _informer()

    informer.observe(_app(2, deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["a"]))

    assert informer.names() == ["argocd/web"]

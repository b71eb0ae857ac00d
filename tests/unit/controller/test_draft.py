"""What of an Application is written, and what is left as it stands."""

from typing import Any

import msgspec

from tiphys.controller.application.draft import Draft
from tiphys.delivery.applications import decode_application
from tiphys.model.words import HealthStatusCode

ROW = {"version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "one", "status": "Synced"}
APPLICATION: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "shop", "namespace": "argocd", "uid": "u", "resourceVersion": "7"},
    "spec": {
        "project": "default",
        "source": {"repoURL": "https://git.example/shop", "path": "app"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
    },
    "status": {
        "resources": [ROW, {**ROW, "name": "two"}],
        "health": {"status": "Healthy"},
        "sync": {"status": "Synced", "revision": "a" * 40},
        "summary": {"images": ["web:1"]},
    },
}


def _draft() -> Draft:
    return Draft(APPLICATION, decode_application(APPLICATION))


def test_what_is_found_as_it_stands_is_not_written() -> None:
    draft = _draft()
    draft.set(resources=tuple(draft.status.resources), summary=draft.status.summary)

    assert draft.patch() is None


def test_only_what_differs_is_written() -> None:
    draft = _draft()
    draft.set(health=msgspec.structs.replace(draft.status.health, status=HealthStatusCode.DEGRADED))

    assert draft.patch() == {
        "status": {"health": {"status": "Degraded"}},
        "metadata": {"resourceVersion": "7"},
    }

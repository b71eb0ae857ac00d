"""What of an Application is written, and what is left as it stands."""

import copy
from typing import Any

import msgspec

from tiphys.controller.application.draft import Draft, News
from tiphys.delivery.applications import decode_application
from tiphys.model.application import ComparedTo, Condition, SyncStatus
from tiphys.model.source import ApplicationSource, HelmSource
from tiphys.model.words import HealthStatusCode, SyncStatusCode
from tiphys.structured.patches.json_patch import apply_json_patch

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


def _with(**fields: Any) -> Draft:
    draft = _draft()
    draft.set(**fields)
    return draft


def test_what_changes_neither_sync_nor_health_of_the_whole_can_wait() -> None:
    status = _draft().status
    one, two = status.resources
    sync, health = status.sync, status.health
    replace = msgspec.structs.replace

    assert _with(sync=replace(sync, revision="b" * 40)).news is News.DETAILS
    assert _with(resources=(one, replace(two, status="OutOfSync"))).news is News.DETAILS
    orphans = Condition(type="OrphanedResourceWarning", message="3 of them")
    assert _with(conditions=(orphans,)).news is News.DETAILS
    assert _with(sync=replace(sync, status="OutOfSync")).news is News.URGENT
    degraded = replace(health, status=HealthStatusCode.DEGRADED)
    assert _with(health=degraded).news is News.HEALTH
    assert _with(health=degraded, sync=replace(sync, status="OutOfSync")).news is News.URGENT
    assert _with(conditions=(Condition(type="SyncError", message="no"),)).news is News.URGENT
    assert _draft().news is News.NOTHING


def test_only_what_differs_is_written() -> None:
    draft = _draft()
    draft.set(health=msgspec.structs.replace(draft.status.health, status=HealthStatusCode.DEGRADED))

    assert draft.patch() == {
        "status": {"health": {"status": "Degraded"}},
        "metadata": {"resourceVersion": "7"},
    }


def test_nulls_in_the_values_of_a_chart_are_written() -> None:
    values = {"limits": {"cpu": None}}
    source = ApplicationSource(repo_url="r", helm=HelmSource(values_object=values))
    draft = _with(sync=SyncStatus(compared_to=ComparedTo(source=source)))
    draft.drop_annotation("absent")
    patch = draft.patch()
    assert patch is not None

    exact = draft.exact_patch(patch)

    assert exact is not None
    written = apply_json_patch(copy.deepcopy(APPLICATION), exact)
    assert written["status"]["sync"]["comparedTo"]["source"]["helm"]["valuesObject"] == values
    assert decode_application(written).status == draft.status
    again = Draft(written, decode_application(written))
    again.set(sync=draft.status.sync)
    assert again.patch() is None
    assert {"op": "add", "path": "/metadata/resourceVersion", "value": "7"} in exact


def test_a_patch_without_nulls_stays_a_merge_patch() -> None:
    draft = _with(sync=SyncStatus(status=SyncStatusCode.OUT_OF_SYNC))

    assert draft.exact_patch(draft.patch() or {}) is None

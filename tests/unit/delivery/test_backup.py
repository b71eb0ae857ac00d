"""What is in a backup, and what restoring it changes."""

from typing import Any

import pytest

from tiphys.delivery.backup import (
    RestoreOptions,
    belongs,
    by_key,
    portable,
    referenced_secrets,
    restored,
)
from tiphys.model.errors import InvalidInputError

HOME = "argocd"
PLAIN = RestoreOptions()


def application(**fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "shop",
            "namespace": HOME,
            "uid": "u",
            "resourceVersion": "7",
            "managedFields": [],
            "labels": {"team": "a"},
            "annotations": {"note": "b"},
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {"project": "default"},
        "status": {"history": [{"id": 1}]},
        **fields,
    }


def settings(kind: str, name: str, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": HOME, "labels": labels}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": {"a": "Yg=="}}


def test_of_metadata_only_what_people_wrote_is_kept() -> None:
    assert portable(application(), HOME)["metadata"] == {
        "name": "shop",
        "labels": {"team": "a"},
        "annotations": {"note": "b"},
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
    }


def test_the_namespace_is_kept_where_it_is_not_the_installations() -> None:
    assert portable(application(), "elsewhere")["metadata"]["namespace"] == HOME


def test_what_argocd_cm_refers_to_is_part_of_a_backup() -> None:
    cm = {"oidc.config": "clientSecret: $oidc-secret:client.secret\nother: $plain.key"}

    assert referenced_secrets(cm) == {"oidc-secret"}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (settings("ConfigMap", "argocd-cm"), True),
        (settings("ConfigMap", "argocd-ssh-known-hosts-cm"), True),
        (settings("ConfigMap", "kube-root-ca.crt"), False),
        (settings("Secret", "argocd-secret"), True),
        (settings("Secret", "oidc-secret"), True),
        (settings("Secret", "mine"), False),
        (settings("Secret", "repo-1", **{"argocd.argoproj.io/secret-type": "repository"}), True),
    ],
)
def test_settings_and_credentials_belong_to_a_backup(
    manifest: dict[str, Any], expected: bool
) -> None:
    assert belongs(manifest, frozenset({"oidc-secret"})) is expected


def test_settings_and_credentials_are_restored_before_applications() -> None:
    documents = [application(), None, settings("Secret", "s"), settings("ConfigMap", "argocd-cm")]

    assert [key.gvk.kind for key in by_key(documents, HOME)] == [
        "ConfigMap",
        "Secret",
        "Application",
    ]


@pytest.mark.parametrize(
    "document",
    [
        "text",
        {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}},
        {"kind": "Secret", "apiVersion": "v1"},
    ],
)
def test_what_is_no_backup_is_refused_by_its_place(document: Any) -> None:
    with pytest.raises(InvalidInputError, match="document 2: it is not an object that a backup"):
        by_key([settings("ConfigMap", "argocd-cm"), document], HOME)


def test_what_was_just_written_has_nothing_to_restore() -> None:
    live = application()
    [backup] = by_key([portable(live, HOME)], HOME).values()

    assert restored(backup, live, PLAIN) is None


def test_what_differs_is_restored_and_what_a_server_wrote_is_left() -> None:
    [backup] = by_key([portable(application(), HOME)], HOME).values()
    live = application(spec={"project": "other"}, operation={"sync": {}})
    live["metadata"] |= {"labels": {"new": "x"}, "resourceVersion": "9"}

    written = restored(backup, live, PLAIN)

    assert written is not None
    assert written["spec"] == {"project": "default"}
    assert written["operation"] == {"sync": {}}
    assert written["metadata"]["labels"] == {"team": "a"}
    assert written["metadata"]["resourceVersion"] == "9"


@pytest.mark.parametrize("live", [None, application()])
def test_operations_end_where_that_is_asked(live: dict[str, Any] | None) -> None:
    backup = application(operation={"sync": {}}, spec={})
    if live is not None:
        live["operation"] = {"sync": {}}

    written = restored(backup, live, RestoreOptions(stops_operations=True))

    assert written is not None
    assert "operation" not in written


def test_an_application_without_a_status_keeps_the_one_that_it_has() -> None:
    backup = {**application(), "spec": {}}
    del backup["status"]

    written = restored(backup, application(), PLAIN)

    assert written is not None
    assert written["status"] == {"history": [{"id": 1}]}


def test_tracking_annotations_are_left_where_that_is_asked() -> None:
    tracking = "argocd.argoproj.io/tracking-id"
    backup, live = application(), application()
    backup["metadata"] = {**backup["metadata"], "annotations": {tracking: "old", "note": "b"}}
    live["metadata"]["annotations"][tracking] = "new"

    assert restored(backup, live, RestoreOptions(ignores_tracking=True)) is None
    assert restored(backup, live, PLAIN) is not None


def test_data_that_a_backup_lacks_is_taken_away() -> None:
    backup = settings("Secret", "argocd-secret")
    del backup["data"]

    written = restored(backup, settings("Secret", "argocd-secret"), PLAIN)

    assert written is not None
    assert "data" not in written

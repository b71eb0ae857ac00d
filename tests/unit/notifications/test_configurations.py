"""In a team's namespace both its own configuration and the central one apply."""

import base64
from typing import Any

import pytest

from tiphys.delivery.installation import Collections, Installation
from tiphys.kube.informer import Informer
from tiphys.languages.interpreters import Interpreters
from tiphys.model.errors import ClusterError
from tiphys.notifications.configurations import Configurations


class Objects:
    """A cluster with a few objects, which may be out of reach."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self.objects = list(objects)
        self.reads = 0
        self.is_away = False

    async def get(self, gvk: Any, namespace: str, name: str) -> Any:
        self.reads += 1
        if self.is_away:
            raise ClusterError("does not answer")
        for one in self.objects:
            metadata = one["metadata"]
            if (one["kind"], metadata["namespace"], metadata["name"]) == (
                gvk.kind,
                namespace,
                name,
            ):
                return one
        return None


def manifest(kind: str, namespace: str, name: str, data: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "resourceVersion": "1", "uid": name}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data}


def installation(**params: str) -> Installation:
    collections = Collections(
        **{
            name: Informer(None, None)  # type: ignore[arg-type]  # fed by hand
            for name in ("applications", "projects", "secrets", "config_maps")
        }
    )
    central = {"template.a": "message: central"}
    for one in (
        manifest("ConfigMap", "argocd", "argocd-notifications-cm", central),
        manifest("ConfigMap", "argocd", "argocd-cmd-params-cm", params),
    ):
        collections.config_maps.changed("ADDED", one)
    return Installation("argocd", collections, {}, Interpreters())


TEAM = (
    manifest("ConfigMap", "team-a", "argocd-notifications-cm", {"service.slack": "token: $t"}),
    manifest(
        "Secret", "team-a", "argocd-notifications-secret", {"t": base64.b64encode(b"x").decode()}
    ),
)
ALLOWED = {
    "application.namespaces": "team-*",
    "notificationscontroller.selfservice.enabled": "true",
}


async def test_a_team_has_its_own_beside_the_central_one() -> None:
    found = Configurations(installation(**ALLOWED), Objects(*TEAM))  # type: ignore[arg-type]
    central, team = await found.of("team-a")

    assert (central.is_central, team.is_central) == (True, False)
    assert team.namespace == "team-a"
    assert team.services["slack"].options == {"token": "x"}
    assert team.secrets == {}
    assert await found.of("team-b") == (central,)


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"application.namespaces": "team-*"}, id="self-service is off"),
        pytest.param(
            {**ALLOWED, "application.namespaces": "other"}, id="the namespace is not permitted"
        ),
    ],
)
async def test_a_namespace_that_may_not_configures_nothing(params: dict[str, str]) -> None:
    home = Objects(*TEAM)
    found = Configurations(installation(**params), home)  # type: ignore[arg-type]

    assert len(await found.of("team-a")) == 1
    assert home.reads == 0


async def test_a_team_is_read_once_in_a_while() -> None:
    home = Objects(*TEAM)
    found = Configurations(installation(**ALLOWED), home)  # type: ignore[arg-type]
    await found.of("team-a")
    await found.of("team-a")

    assert home.reads == 2


async def test_an_unreachable_cluster_leaves_the_central_one() -> None:
    home = Objects(*TEAM)
    home.is_away = True
    found = Configurations(installation(**ALLOWED), home)  # type: ignore[arg-type]

    assert [one.is_central for one in await found.of("team-a")] == [True]


def test_the_central_one_is_read_anew_when_it_changes() -> None:
    own = installation()
    found = Configurations(own, Objects())  # type: ignore[arg-type]
    before = found.central
    changed = manifest(
        "ConfigMap", "argocd", "argocd-notifications-cm", {"template.a": "message: new"}
    )
    changed["metadata"]["resourceVersion"] = "2"
    own.collections.config_maps.changed("MODIFIED", changed)

    assert before.templates["a"].body == {"message": "central"}
    assert found.central.templates["a"].body == {"message": "new"}
    assert found.central is found.central

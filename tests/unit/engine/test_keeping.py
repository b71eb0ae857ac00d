from typing import Any

import pytest

from tiphys.engine.keeping import why_kept
from tiphys.engine.sync.options import SyncOptions, parse_options
from tiphys.model.application import Application, ApplicationDestination, ApplicationSpec
from tiphys.model.keys import Manifest

APP = Application(spec=ApplicationSpec(destination=ApplicationDestination(namespace="shop")))


def live(kind: str = "ConfigMap", name: str = "one", **annotations: str) -> Manifest:
    metadata = {"name": name, "annotations": annotations}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


@pytest.mark.parametrize(
    ("found", "options", "expected"),
    [
        pytest.param(live(), [], "", id="an ordinary object goes"),
        pytest.param(
            live(**{"helm.sh/resource-policy": "keep"}),
            [],
            "helm.sh/resource-policy: keep",
            id="Helm's policy",
        ),
        pytest.param(live(**{"helm.sh/resource-policy": "other"}), [], "", id="another policy"),
        pytest.param(
            live(**{"argocd.argoproj.io/sync-options": "Prune=false"}),
            [],
            "no prune",
            id="its own option",
        ),
        pytest.param(live(), ["Prune=false"], "no prune", id="the Application's option"),
        pytest.param(
            live(**{"argocd.argoproj.io/sync-options": "Prune=true"}),
            ["Prune=false"],
            "",
            id="its own option wins",
        ),
        pytest.param(
            live("Namespace", "shop"),
            ["CreateNamespace=true"],
            "CreateNamespace=true",
            id="the destination",
        ),
        pytest.param(live("Namespace", "shop"), [], "", id="the destination without the option"),
        pytest.param(
            live("Namespace", "other"), ["CreateNamespace=true"], "", id="another namespace"
        ),
    ],
)
def test_why_what_left_git_stays(found: Manifest, options: list[Any], expected: str) -> None:
    parsed: SyncOptions = parse_options(options)

    assert why_kept(found, APP, parsed) == expected

"""What of a spec is refused before anything is looked up."""

from typing import Any, cast

import pytest

from tiphys.delivery.applications import decode_application
from tiphys.delivery.clusters import Clusters
from tiphys.delivery.installation import Installation
from tiphys.delivery.specification import check_spec

LONG = "x" * 5000
SOURCE = {"repoURL": "https://git.example/shop", "path": "app"}


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"project": LONG}, "spec.project"),
        ({"destination": {"namespace": LONG}}, "spec.destination.namespace"),
        ({"source": {**SOURCE, "repoURL": LONG}}, "spec.source.repoURL"),
        ({"source": {**SOURCE, "targetRevision": LONG}}, "spec.source.targetRevision"),
        ({"sources": [SOURCE, {**SOURCE, "path": LONG}]}, "spec.sources[1].path"),
    ],
)
def test_a_name_of_thousands_of_letters_is_refused_and_not_repeated(
    spec: dict[str, Any], field: str
) -> None:
    app = decode_application({"metadata": {"name": "shop"}, "spec": {"source": SOURCE, **spec}})

    # Neither is asked: looking up such a name is what must not happen.
    found = check_spec(app, cast("Installation", None), cast("Clusters", None))

    assert found == [f"{field} has 5000 characters, 4096 are allowed"]

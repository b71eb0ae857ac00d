from typing import Any

from tiphys.engine.nulls import with_nulls
from tiphys.model.source import ApplicationSource, HelmSource


def source(values: dict[str, Any], path: str = "chart") -> ApplicationSource:
    return ApplicationSource(repo_url="r", path=path, helm=HelmSource(values_object=values))


WHOLE = source({"limits": {"cpu": None, "memory": "1Gi"}})
LOST = source({"limits": {"memory": "1Gi"}})


def test_a_source_that_lost_its_nulls_is_found_again() -> None:
    assert with_nulls(LOST, [source({}), WHOLE]) is WHOLE


def test_a_source_that_differs_elsewhere_stays_as_it_was_asked_for() -> None:
    asked = source({"limits": {"memory": "2Gi"}})

    assert with_nulls(asked, [WHOLE]) is asked
    assert with_nulls(LOST, [source({"limits": {"cpu": None, "memory": "1Gi"}}, "other")]) is LOST

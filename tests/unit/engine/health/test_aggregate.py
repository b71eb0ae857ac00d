import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.health import ResourceHealth, app_health, worst_health
from tiphys.model.application import HealthStatus
from tiphys.model.keys import ResourceKey
from tiphys.model.words import HealthStatusCode as Code


def resource(
    code: Code | None = Code.HEALTHY, name: str = "web", kind: str = "apps/Deployment", **more: bool
) -> ResourceHealth:
    group, _, kind = kind.rpartition("/")
    health = HealthStatus(status=code) if code else None
    return ResourceHealth(
        ResourceKey(group, kind, "shop", name), health, more.pop("is_live", True), **more
    )


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        pytest.param([], Code.HEALTHY, id="no resources is healthy"),
        pytest.param([Code.HEALTHY, Code.SUSPENDED], Code.SUSPENDED, id="suspended is worse"),
        pytest.param(
            [Code.SUSPENDED, Code.PROGRESSING], Code.PROGRESSING, id="one rollout holds all"
        ),
        pytest.param([Code.PROGRESSING, Code.MISSING], Code.MISSING, id="absent outranks moving"),
        pytest.param([Code.DEGRADED, Code.MISSING], Code.DEGRADED, id="broken outranks absent"),
        pytest.param([Code.DEGRADED, Code.UNKNOWN], Code.UNKNOWN, id="not knowing is worst"),
    ],
)
def test_worst_health(codes: list[Code], expected: Code) -> None:
    assert worst_health(codes) is expected


@given(st.lists(st.sampled_from(Code)))
def test_worst_health_does_not_depend_on_order(codes: list[Code]) -> None:
    assert worst_health(codes) is worst_health(reversed(codes))


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        pytest.param([], Code.HEALTHY, id="an empty application is healthy"),
        pytest.param(
            [resource(None, is_live=False)], Code.MISSING, id="nothing deployed is missing"
        ),
        pytest.param(
            [resource(), resource(None, is_live=False)],
            Code.HEALTHY,
            id="one missing resource does not count",
        ),
        pytest.param(
            [resource(None, is_live=False), resource(Code.DEGRADED, is_hook=True)],
            Code.MISSING,
            id="hooks alone do not make it present",
        ),
        pytest.param([resource(None)], Code.HEALTHY, id="kinds without a check do not count"),
        pytest.param(
            [resource(), resource(Code.DEGRADED, is_counted=False)],
            Code.HEALTHY,
            id="what asks to be ignored is",
        ),
        pytest.param(
            [resource(Code.UNKNOWN, kind="argoproj.io/Application")],
            Code.HEALTHY,
            id="a child application that nobody has seen yet does not count",
        ),
        pytest.param(
            [resource(Code.DEGRADED, kind="argoproj.io/Application")],
            Code.DEGRADED,
            id="a broken child application counts",
        ),
    ],
)
def test_app_health(resources: list[ResourceHealth], expected: Code) -> None:
    assert app_health(resources).status is expected


def test_the_message_names_three_causes_and_counts_the_others() -> None:
    broken = [resource(Code.DEGRADED, name=f"w{i}") for i in range(5)]

    assert app_health([resource(), *broken]).message == (
        "apps/Deployment:shop/w0, apps/Deployment:shop/w1, apps/Deployment:shop/w2 and 2 more"
    )
    assert app_health([resource(Code.DEGRADED, kind="Pod")]).message == "/Pod:shop/web"
    assert app_health([resource()]).message == ""

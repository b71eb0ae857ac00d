import pytest

from tiphys.engine.generate_paths import concerns


@pytest.mark.parametrize(
    ("annotation", "changed", "expected"),
    [
        pytest.param("", ["other/x.yaml"], True, id="without the annotation every push counts"),
        pytest.param(".", ["apps/shop/x.yaml"], True, id="a dot is the source's own path"),
        pytest.param(".", ["apps/shop/deep/x.yaml"], True, id="with all below it"),
        pytest.param(".", ["apps/shopping/x.yaml"], False, id="and no sibling that begins alike"),
        pytest.param(".;/charts", ["charts/web/values.yaml"], True, id="a slash is the root"),
        pytest.param(" . ; ../base ", ["apps/base/x.yaml"], True, id="one may go up"),
        pytest.param("/apps/*/values.yaml", ["apps/a/values.yaml"], True, id="a glob"),
        pytest.param("/apps/*.yaml", ["apps/a/values.yaml"], False, id="a glob of one level"),
        pytest.param("/", ["anything"], True, id="the root is everything"),
        pytest.param(".", [], True, id="a push that names no files counts"),
    ],
)
def test_which_pushes_concern_an_application(
    annotation: str, changed: list[str], expected: bool
) -> None:
    assert concerns(annotation, "apps/shop", changed) is expected

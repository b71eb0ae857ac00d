import msgspec
import pytest

from tiphys.engine.filters import is_excluded
from tiphys.engine.orphans import is_ignored_orphan, orphans
from tiphys.model.keys import GroupKind, ResourceKey
from tiphys.model.project import OrphanedResourceRule


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    api_groups: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()


POD, DEPLOYMENT = GroupKind("", "Pod"), GroupKind("apps", "Deployment")
HERE = "https://here"


@pytest.mark.parametrize(
    ("kind", "exclusions", "inclusions", "expected"),
    [
        pytest.param(POD, [], [], False, id="by default nothing is excluded"),
        pytest.param(GroupKind("", "Event"), [], [], True, id="except events"),
        pytest.param(GroupKind("metrics.k8s.io", "NodeMetrics"), [], [], True, id="and metrics"),
        pytest.param(
            GroupKind("coordination.k8s.io", "Lease"),
            [],
            [Entry()],
            True,
            id="whatever is included",
        ),
        pytest.param(DEPLOYMENT, [Entry(api_groups=("a*",))], [], True, id="groups are globs"),
        pytest.param(DEPLOYMENT, [Entry(kinds=("Deploy*",))], [], False, id="kinds are not"),
        pytest.param(DEPLOYMENT, [Entry(kinds=("*",))], [], True, id="a star is any kind"),
        pytest.param(
            POD, [Entry(clusters=("https://there",))], [], False, id="another cluster is not ours"
        ),
        pytest.param(POD, [], [Entry(api_groups=("apps",))], True, id="what is not included"),
        pytest.param(
            POD,
            [],
            [Entry(api_groups=("apps",), clusters=("https://there",))],
            False,
            id="inclusions of another cluster do not bind us",
        ),
        pytest.param(
            DEPLOYMENT, [Entry(kinds=("Deployment",))], [Entry()], True, id="an exclusion wins"
        ),
    ],
)
def test_is_excluded(
    kind: GroupKind, exclusions: list[Entry], inclusions: list[Entry], expected: bool
) -> None:
    assert is_excluded(kind, HERE, exclusions, inclusions) is expected


@pytest.mark.parametrize(
    ("key", "rule", "expected"),
    [
        pytest.param(("", "ConfigMap", "x", "a"), None, False, id="nothing is ignored by default"),
        pytest.param(("", "ServiceAccount", "x", "default"), None, True, id="default accounts"),
        pytest.param(
            ("", "ConfigMap", "x", "kube-root-ca.crt"), None, True, id="root certificates"
        ),
        pytest.param(("", "Service", "default", "kubernetes"), None, True, id="the API's service"),
        pytest.param(("", "Service", "x", "kubernetes"), None, False, id="its name elsewhere"),
        pytest.param(("", "ConfigMap", "x", "a"), {"kind": "Config*"}, True, id="by kind"),
        pytest.param(("apps", "Deployment", "x", "a"), {"name": "a"}, False, id="core group only"),
        pytest.param(
            ("apps", "Deployment", "x", "a"), {"group": "*"}, True, id="any kind and name"
        ),
    ],
)
def test_is_ignored_orphan(
    key: tuple[str, str, str, str], rule: dict[str, str] | None, expected: bool
) -> None:
    rules = [OrphanedResourceRule(**rule)] if rule is not None else []

    assert is_ignored_orphan(ResourceKey(*key), rules) is expected


def _key(text: str) -> ResourceKey:
    kind, name = text.split("/")
    return ResourceKey("", kind, "shop", name)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(["ConfigMap/stray"], ["stray"], id="an object of nobody"),
        pytest.param(
            ["ConfigMap/kube-root-ca.crt", "ServiceAccount/default"], [], id="of Kubernetes"
        ),
        pytest.param(["Secret/denied"], [], id="none of the project's business"),
        pytest.param(["PersistentVolumeClaim/data-db-0"], [], id="a StatefulSet's claim"),
        pytest.param(
            ["PersistentVolumeClaim/data-cache-0", "PersistentVolumeClaim/data-db"],
            ["data-cache-0", "data-db"],
            id="another claim",
        ),
        pytest.param(["ConfigMap/ignored"], [], id="ignored by the project"),
        pytest.param(["ConfigMap/b", "ConfigMap/a"], ["a", "b"], id="sorted"),
    ],
)
def test_orphans_belong_to_nobody(found: list[str], expected: list[str]) -> None:
    seen = orphans(
        [_key(text) for text in found],
        [OrphanedResourceRule(name="ignored")],
        lambda key: key.kind != "Secret",
        ["db"],
    )

    assert [key.name for key in seen] == expected

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiphys.engine.globs import matches, names_any
from tiphys.engine.permissions import (
    only_denials,
    permits_destination,
    permits_live,
    permits_resource,
    permits_source,
    with_permitting_denials,
)
from tiphys.model.application import ObjectMeta
from tiphys.model.cluster import ClusterRecord
from tiphys.model.keys import ResourceKey
from tiphys.model.project import (
    AppProject,
    AppProjectSpec,
    GroupKindRule,
    ProjectDestination,
)
from tiphys.sources.addresses import normalise_url


@pytest.mark.parametrize(
    ("pattern", "text", "separator", "expected"),
    [
        pytest.param("*", "a/b", "/", True, id="a lone star is everything"),
        pytest.param("a/*", "a/b", "/", True, id="a star"),
        pytest.param("a/*", "a/b/c", "/", False, id="a star stays in its part"),
        pytest.param("a/*", "a/b/c", "", True, id="unless there are no parts"),
        pytest.param("a/**", "a/b/c", "/", True, id="two stars cross"),
        pytest.param("a?c", "abc", "/", True, id="one character"),
        pytest.param("a?c", "a/c", "/", False, id="but no separator"),
        pytest.param("{dev,test}-*", "test-1", "", True, id="a choice"),
        pytest.param("{dev,test}-*", "prod-1", "", False, id="none of the choice"),
        pytest.param("a,b", "a,b", "", True, id="a comma outside of a choice"),
        pytest.param("[a-c]x", "bx", "", True, id="a range"),
        pytest.param("[!a-c]x", "bx", "", False, id="not a range"),
        pytest.param("a.c", "abc", "", False, id="a dot is a dot"),
        pytest.param(r"a\*", "a*", "", True, id="an escaped star"),
        pytest.param(r"a\*", "ab", "", False, id="is no star"),
        pytest.param("{a", "{a", "", False, id="a choice without an end"),
        pytest.param("[a", "[a", "", True, id="a range without an end is text"),
        pytest.param("", "", "", True, id="nothing matches nothing"),
        pytest.param("", "a", "", False, id="and nothing else"),
    ],
)
def test_a_glob_matches(pattern: str, text: str, separator: str, expected: bool) -> None:
    assert matches(pattern, text, separator=separator) is expected


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        pytest.param([], False, id="nothing names nothing"),
        pytest.param(["team-*"], True, id="a glob"),
        pytest.param(["other", "team-a"], True, id="one of several"),
        pytest.param(["/^team-[ab]$/"], True, id="an expression"),
        pytest.param(["/am-/"], True, id="an expression is found anywhere"),
        pytest.param(["/^team-[cd]$/"], False, id="another expression"),
        pytest.param(["/[/"], False, id="an expression that nobody can read"),
        pytest.param(["/"], False, id="a lone slash"),
    ],
)
def test_namespaces_are_named_by_globs_or_expressions(patterns: list[str], expected: bool) -> None:
    assert names_any(patterns, "team-a") is expected


@given(st.text(), st.text())
def test_any_glob_can_be_asked(pattern: str, text: str) -> None:
    assert matches(pattern, text) in {True, False}


@given(st.text(alphabet="abcxyz-./:", min_size=1))
def test_plain_text_matches_itself_only(text: str) -> None:
    assert matches(text, text, separator="/")
    assert not matches(text, text + "x", separator="/")


REPO = "https://git.example.com/team/shop.git"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([], False, id="nothing permits nothing"),
        pytest.param(["*"], True, id="everything"),
        pytest.param([REPO], True, id="itself"),
        pytest.param(["https://GIT.example.com/team/shop"], True, id="in another spelling"),
        pytest.param(["https://git.example.com/team/*"], True, id="a folder"),
        pytest.param(["https://git.example.com/*"], False, id="a folder too high"),
        pytest.param(["https://git.example.com/**"], True, id="at any depth"),
        pytest.param(["*", f"!{REPO}"], False, id="denied"),
        pytest.param([f"!{REPO}", "*"], False, id="a denial wins wherever it stands"),
        pytest.param(["!https://other.example.com/**"], False, id="denials alone permit nothing"),
        pytest.param(
            ["https://other.example.com/**", "!https://third.example.com/**"],
            False,
            id="a denial of another one permits nothing",
        ),
    ],
)
def test_a_project_permits_a_source(entries: list[str], expected: bool) -> None:
    project = AppProjectSpec(source_repos=tuple(entries))

    assert permits_source(project, REPO, normalise_url) is expected


def _to(server: str = "", namespace: str = "", name: str = "") -> ProjectDestination:
    return ProjectDestination(server=server, namespace=namespace, name=name)


ALL = _to("*", "*")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([], False, id="nothing permits nothing"),
        pytest.param([ALL], True, id="everything"),
        pytest.param([_to("https://one", "shop")], True, id="exactly"),
        pytest.param([_to("https://one", "other")], False, id="another namespace"),
        pytest.param([_to("https://two", "shop")], False, id="another server"),
        pytest.param([_to(name="one", namespace="shop")], True, id="by name"),
        pytest.param([_to("https://*", "sh*")], True, id="globs"),
        pytest.param([_to("https://*", "{shop,cart}")], True, id="a choice"),
        pytest.param([_to("https://one", "")], False, id="an empty namespace is no glob"),
        pytest.param([ALL, _to("*", "!shop")], False, id="a denied namespace"),
        pytest.param([_to("*", "!shop"), ALL], False, id="a denial wins wherever it stands"),
        pytest.param([ALL, _to("*", "!kube-*")], True, id="another one denied"),
        pytest.param([_to("*", "!kube-*")], False, id="a denial alone permits nothing"),
        pytest.param(
            [_to("*", "team-*"), _to("*", "!kube-*")], False, id="a denial beside others neither"
        ),
        pytest.param([ALL, _to("!https://one", "*")], False, id="a denied server"),
        pytest.param([ALL, _to("!https://two", "*")], True, id="another server denied"),
        pytest.param([ALL, _to("!https://one", "cart")], True, id="denied for another namespace"),
        pytest.param([ALL, _to(name="!one", namespace="*")], False, id="a denied name"),
        pytest.param([ALL, _to("https://two", "!shop")], True, id="denied on another server"),
    ],
)
def test_a_project_permits_a_destination(entries: list[ProjectDestination], expected: bool) -> None:
    project = _project(destinations=tuple(entries))

    assert permits_destination(project, _cluster(), "shop") is expected


OTHERS = "!https://other.example.com/**"


@pytest.mark.parametrize(
    ("repos", "entries", "expected"),
    [
        pytest.param([OTHERS], [_to("*", "!kube-*")], (True, True), id="the rest is permitted"),
        pytest.param([f"!{REPO}"], [_to("*", "!shop")], (False, False), id="what is denied is not"),
        pytest.param(
            [OTHERS], [_to("https://two", "!kube-*")], (True, False), id="only where it is denied"
        ),
        pytest.param([], [], (False, False), id="nothing permits nothing"),
    ],
)
def test_a_denial_permits_the_rest_where_an_installation_reads_it_so(
    repos: list[str], entries: list[ProjectDestination], expected: tuple[bool, bool]
) -> None:
    project = _project(source_repos=tuple(repos), destinations=tuple(entries))

    read = with_permitting_denials(project)

    assert permits_source(read.spec, REPO, normalise_url) is expected[0]
    assert permits_destination(read, _cluster(), "shop") is expected[1]


@pytest.mark.parametrize(
    ("repos", "entries", "expected"),
    [
        pytest.param(["!a", "!b"], [_to("*", "!x")], ("sourceRepos", "destinations"), id="both"),
        pytest.param(["!a", "b"], [ALL, _to("*", "!x")], (), id="something is allowed"),
        pytest.param([], [], (), id="empty lists speak for themselves"),
    ],
)
def test_lists_that_only_deny_are_known(
    repos: list[str], entries: list[ProjectDestination], expected: tuple[str, ...]
) -> None:
    spec = AppProjectSpec(source_repos=tuple(repos), destinations=tuple(entries))

    assert only_denials(spec) == expected


def _project(**spec: Any) -> AppProject:
    return AppProject(metadata=ObjectMeta(name="team"), spec=AppProjectSpec(**spec))


def _cluster(project: str = "") -> ClusterRecord:
    return ClusterRecord(server="https://one", name="one", project=project)


ANY = ProjectDestination(server="*", namespace="*")
NO_SHOP = ProjectDestination(server="*", namespace="!shop")


@pytest.mark.parametrize(
    ("owner", "scoped_only", "entries", "expected"),
    [
        pytest.param("", False, [ANY], True, id="nobody's cluster, and it is listed"),
        pytest.param(
            "", True, [ANY], False, id="nobody's cluster, and only own ones are permitted"
        ),
        pytest.param("team", True, [ANY], True, id="its own, and only own ones are permitted"),
        pytest.param("team", False, [], True, id="its own need not be listed"),
        pytest.param("team", False, [NO_SHOP], False, id="its own, but the namespace is denied"),
        pytest.param("other", False, [ANY], False, id="another project's"),
    ],
)
def test_a_cluster_may_belong_to_a_project(
    owner: str, scoped_only: bool, entries: list[ProjectDestination], expected: bool
) -> None:
    project = _project(destinations=tuple(entries), permit_only_project_scoped_clusters=scoped_only)

    assert permits_destination(project, _cluster(owner), "shop") is expected


@pytest.mark.parametrize(
    ("namespace", "denied", "expected"),
    [
        pytest.param("shop", (), True, id="kind and namespace are permitted"),
        pytest.param("other", (), False, id="the namespace is not"),
        pytest.param(
            "shop", (GroupKindRule(group="", kind="Secret"),), False, id="the kind is not"
        ),
    ],
)
def test_what_is_live_is_ours_only_where_the_project_permits_it(
    namespace: str, denied: tuple[GroupKindRule, ...], expected: bool
) -> None:
    destination = ProjectDestination(server="*", namespace="shop")
    project = _project(destinations=(destination,), namespace_resource_blacklist=denied)
    key = ResourceKey("", "Secret", namespace, "s")

    assert permits_live(project, _cluster(), key, is_namespaced=True) is expected


DEPLOYMENT = ResourceKey("apps", "Deployment", "shop", "web")
ROLE = ResourceKey("rbac.authorization.k8s.io", "ClusterRole", "", "reader")


def _rule(group: str, kind: str, name: str = "") -> GroupKindRule:
    return GroupKindRule(group=group, kind=kind, name=name)


@pytest.mark.parametrize(
    ("lists", "deployment", "role"),
    [
        pytest.param({}, True, False, id="by default namespaced kinds only"),
        pytest.param({"cluster_resource_whitelist": (_rule("*", "*"),)}, True, True, id="all"),
        pytest.param(
            {"namespace_resource_whitelist": ()}, False, False, id="an empty list is none"
        ),
        pytest.param(
            {"namespace_resource_whitelist": (_rule("apps", "Deploy*"),)}, True, False, id="a glob"
        ),
        pytest.param(
            {"namespace_resource_blacklist": (_rule("apps", "*"),)}, False, False, id="denied"
        ),
        pytest.param(
            {
                "namespace_resource_whitelist": (_rule("*", "*"),),
                "namespace_resource_blacklist": (_rule("*", "Deployment"),),
            },
            False,
            False,
            id="a denial wins",
        ),
        pytest.param(
            {"cluster_resource_whitelist": (_rule("*", "ClusterRole", "read*"),)},
            True,
            True,
            id="by name",
        ),
        pytest.param(
            {"cluster_resource_whitelist": (_rule("*", "ClusterRole", "write*"),)},
            True,
            False,
            id="by another name",
        ),
        pytest.param(
            {
                "cluster_resource_whitelist": (_rule("*", "*"),),
                "cluster_resource_blacklist": (_rule("", "ClusterRole"),),
            },
            True,
            True,
            id="the empty group is the core group",
        ),
    ],
)
def test_a_project_permits_a_resource(
    lists: dict[str, tuple[GroupKindRule, ...]], deployment: bool, role: bool
) -> None:
    project = AppProjectSpec(**lists)  # type: ignore[arg-type]

    assert permits_resource(project, DEPLOYMENT, is_namespaced=True) is deployment
    assert permits_resource(project, ROLE, is_namespaced=False) is role

"""Who may do what: roles, bindings, refusals, impersonation and the reviews.

Source: Kubernetes documentation, "Using RBAC Authorization", "Authenticating".
"""

from typing import Any

import pytest

from tests.contract.cluster import Cluster, at
from tests.e2e.api import eventually

RBAC = "rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"


def role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "rules": list(rules)}


def rule(verbs: str, resources: str, group: str = "", **more: Any) -> dict[str, Any]:
    split = {"verbs": verbs.split(), "resources": resources.split(), "apiGroups": [group]}
    return {**split, **more}


def user(name: str) -> dict[str, Any]:
    return {"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}


def bind(cluster: Cluster, namespace: str, subject: dict[str, Any], *rules: dict[str, Any]) -> None:
    """Give a subject a Role of these rules in a namespace."""
    cluster.post(at(RBAC, "roles", namespace), role("given", *rules)).ok()
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "given"}
    binding = {"metadata": {"name": "given"}, "roleRef": reference, "subjects": [subject]}
    cluster.post(at(RBAC, "rolebindings", namespace), binding).ok()


def bind_role(cluster: Cluster, namespace: str, subject: dict[str, Any], name: str) -> None:
    """Give a subject a ClusterRole in a namespace."""
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    binding = {"metadata": {"name": "given"}, "roleRef": reference, "subjects": [subject]}
    cluster.post(at(RBAC, "rolebindings", namespace), binding).ok()


def allows(
    cluster: Cluster, namespace: str, who: str, verb: str, resource: str, **more: str
) -> Any:
    """The status of a review of what a user may do in a namespace."""
    plural, _, group = resource.partition(".")
    attributes = {"verb": verb, "resource": plural, "group": group, "namespace": namespace, **more}
    spec = {"user": who, "resourceAttributes": attributes}
    return cluster.post(f"{REVIEWS}/subjectaccessreviews", {"spec": spec}).ok()["status"]


def wait_allowed(cluster: Cluster, namespace: str, who: str, verb: str, resource: str) -> None:
    """Bindings count once the authorizer has heard of them."""
    eventually(
        f"{who} may {verb} {resource}",
        lambda: allows(cluster, namespace, who, verb, resource)["allowed"],
    )


@pytest.mark.parametrize(
    ("method", "path", "message", "details"),
    [
        pytest.param(
            "GET", "/api/v1/namespaces/default/pods",
            'pods is forbidden: User "nobody" cannot list resource "pods" in API group "" in the '
            'namespace "default"', {"kind": "pods"}, id="a list in a namespace",
        ),
        pytest.param(
            "GET", "/api/v1/namespaces/default/pods/a",
            'pods "a" is forbidden: User "nobody" cannot get resource "pods" in API group "" in '
            'the namespace "default"', {"name": "a", "kind": "pods"}, id="an object",
        ),
        pytest.param(
            "GET", "/apis/apps/v1/deployments?watch=true",
            'deployments.apps is forbidden: User "nobody" cannot watch resource "deployments" in '
            'API group "apps" at the cluster scope', {"group": "apps", "kind": "deployments"},
            id="a watch of all namespaces",
        ),
        pytest.param(
            "GET", "/apis/apps/v1/namespaces/default/deployments/a/scale",
            'deployments.apps "a" is forbidden: User "nobody" cannot get resource '
            '"deployments/scale" in API group "apps" in the namespace "default"',
            {"name": "a", "group": "apps", "kind": "deployments"}, id="a subresource",
        ),
        pytest.param(
            "GET", "/api/v1/namespaces/default",
            'namespaces "default" is forbidden: User "nobody" cannot get resource "namespaces" in '
            'API group "" in the namespace "default"', {"name": "default", "kind": "namespaces"},
            id="a namespace, which lies in itself",
        ),
        pytest.param(
            "DELETE", "/api/v1/namespaces/default/secrets",
            'secrets is forbidden: User "nobody" cannot deletecollection resource "secrets" in '
            'API group "" in the namespace "default"', {"kind": "secrets"}, id="a whole collection",
        ),
        pytest.param(
            "GET", "/apis/unknown.example.com/v1/things",
            'things.unknown.example.com is forbidden: User "nobody" cannot list resource "things" '
            'in API group "unknown.example.com" at the cluster scope',
            {"group": "unknown.example.com", "kind": "things"}, id="a kind that there is not",
        ),
        pytest.param(
            "GET", "/metrics", 'forbidden: User "nobody" cannot get path "/metrics"', {},
            id="a path that is no resource",
        ),
    ],
)  # fmt: skip
def test_a_refusal_says_who_cannot_do_what(
    cluster: Cluster, method: str, path: str, message: str, details: dict[str, str]
) -> None:
    answer = cluster.impersonating("nobody", "strangers").call(method, path)
    status = answer.failure(403, "Forbidden")
    assert status["message"] == message
    assert status.get("details", {}) == details


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        pytest.param(rule("get", "configmaps"), "configmaps/one", 200, id="the verb is given"),
        pytest.param(rule("list", "configmaps"), "configmaps/one", 403, id="another verb is given"),
        pytest.param(rule("*", "configmaps"), "configmaps/one", 200, id="every verb is given"),
        pytest.param(rule("get", "*"), "configmaps/one", 200, id="every resource is given"),
        pytest.param(rule("get", "configmaps", "apps"), "configmaps/one", 403, id="another group"),
        pytest.param(rule("get", "configmaps", "*"), "configmaps/one", 200, id="every group"),
        pytest.param(
            rule("get", "configmaps", resourceNames=["one"]), "configmaps/one", 200,
            id="of this name",
        ),
        pytest.param(
            rule("get", "configmaps", resourceNames=["two"]), "configmaps/one", 403,
            id="of another name",
        ),
        pytest.param(
            rule("list", "configmaps", resourceNames=["one"]), "configmaps", 403,
            id="a list of everything needs more than a name",
        ),
        pytest.param(
            rule("list", "configmaps", resourceNames=["one"]),
            "configmaps?fieldSelector=metadata.name%3Done", 200,
            id="a list that selects the one name",
        ),
    ],
)  # fmt: skip
def test_a_role_gives_what_its_rules_say(
    cluster: Cluster, namespace: str, given: dict[str, Any], path: str, code: int
) -> None:
    cluster.post(at("v1", "configmaps", namespace), {"metadata": {"name": "one"}}).ok()
    marker = rule("get", "markers", "example.com")
    bind(cluster, namespace, user("jane"), given, marker)
    wait_allowed(cluster, namespace, "jane", "get", "markers.example.com")
    answer = cluster.impersonating("jane").get(f"/api/v1/namespaces/{namespace}/{path}")
    assert answer.code == code, answer.body


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        pytest.param(rule("patch", "deployments", "apps"), False, id="the resource alone"),
        pytest.param(rule("patch", "deployments/scale", "apps"), True, id="the subresource"),
        pytest.param(rule("patch", "*/scale", "apps"), True, id="that of every resource"),
        pytest.param(rule("patch", "*", "apps"), True, id="everything"),
    ],
)
def test_a_subresource_is_given_by_its_own_name(
    cluster: Cluster, namespace: str, given: dict[str, Any], allowed: bool
) -> None:
    marker = rule("get", "markers", "example.com")
    bind(cluster, namespace, user("jane"), given, marker)
    wait_allowed(cluster, namespace, "jane", "get", "markers.example.com")
    found = allows(cluster, namespace, "jane", "patch", "deployments.apps", subresource="scale")
    assert found["allowed"] is allowed


@pytest.mark.parametrize(
    ("subject", "who", "groups"),
    [
        pytest.param(user("jane"), "jane", (), id="a user"),
        pytest.param(
            {"kind": "Group", "name": "cooks", "apiGroup": "rbac.authorization.k8s.io"},
            "joe", ("cooks",), id="a group",
        ),
        pytest.param(
            {"kind": "ServiceAccount", "name": "robot", "namespace": "elsewhere"},
            "system:serviceaccount:elsewhere:robot", (), id="a service account",
        ),
        pytest.param(
            {
                "kind": "Group", "name": "system:serviceaccounts:elsewhere",
                "apiGroup": "rbac.authorization.k8s.io",
            },
            "system:serviceaccount:elsewhere:robot", (), id="all service accounts of a namespace",
        ),
    ],
)  # fmt: skip
def test_a_binding_is_for_its_subjects(
    cluster: Cluster, namespace: str, subject: dict[str, Any], who: str, groups: tuple[str, ...]
) -> None:
    bind(cluster, namespace, subject, rule("list", "configmaps"))
    path = at("v1", "configmaps", namespace)
    them = cluster.impersonating(who, *groups)
    eventually("they may list", lambda: them.get(path).code == 200)
    cluster.impersonating("mallory", "others").get(path).failure(403, "Forbidden")


def test_a_role_counts_in_its_namespace_only(cluster: Cluster, namespace: str) -> None:
    bind_role(cluster, namespace, user("jane"), "view")
    wait_allowed(cluster, namespace, "jane", "list", "pods")
    found = allows(cluster, namespace, "jane", "list", "pods")
    assert found == {
        "allowed": True,
        "reason": f'RBAC: allowed by RoleBinding "given/{namespace}" of ClusterRole "view" to '
        'User "jane"',
    }
    assert allows(cluster, "default", "jane", "list", "pods") == {"allowed": False}
    cluster.impersonating("jane").get("/api/v1/pods").failure(403, "Forbidden")


@pytest.mark.parametrize(
    ("name", "what", "allowed"),
    [
        pytest.param("view", "get deployments.apps", True, id="view reads deployments"),
        pytest.param("view", "get secrets", False, id="view does not read secrets"),
        pytest.param("view", "create configmaps", False, id="view does not write"),
        pytest.param("edit", "create deployments.apps", True, id="edit writes deployments"),
        pytest.param("edit", "get secrets", True, id="edit reads secrets"),
        pytest.param(
            "edit", "create roles.rbac.authorization.k8s.io", False, id="edit makes no roles"
        ),
        pytest.param(
            "admin", "create roles.rbac.authorization.k8s.io", True, id="admin makes roles"
        ),
        pytest.param("admin", "update resourcequotas", False, id="admin sets no quotas"),
        pytest.param("cluster-admin", "update resourcequotas", True, id="cluster-admin does"),
    ],
)
def test_the_roles_for_users_are_there(
    cluster: Cluster, namespace: str, name: str, what: str, allowed: bool
) -> None:
    bind_role(cluster, namespace, user("jane"), name)
    wait_allowed(cluster, namespace, "jane", "list", "pods")
    assert allows(cluster, namespace, "jane", *what.split())["allowed"] is allowed


def test_a_binding_to_a_role_that_is_missing_is_told_in_the_refusal(
    cluster: Cluster, namespace: str
) -> None:
    bind_role(cluster, namespace, user("jane"), "missing")
    path = at("v1", "configmaps", namespace)
    suffix = ': rbac: RBAC: clusterrole.rbac.authorization.k8s.io "missing" not found'

    def refusal() -> Any:
        status = cluster.impersonating("jane").get(path).failure(403, "Forbidden")
        return status["message"].endswith(f'in the namespace "{namespace}"{suffix}')

    eventually("the refusal tells", refusal)


def test_an_aggregated_role_follows_the_roles_that_it_selects(
    cluster: Cluster, namespace: str
) -> None:
    label = {f"{namespace}/part": "yes"}
    whole, part = f"{namespace}-whole", f"{namespace}-part"
    roles = at(RBAC, "clusterroles")
    selector = {"clusterRoleSelectors": [{"matchLabels": label}]}
    cluster.post(roles, {"metadata": {"name": whole}, "aggregationRule": selector}).ok()
    given = [rule("get", "pods")]
    cluster.post(roles, {"metadata": {"name": part, "labels": label}, "rules": given}).ok()

    def rules() -> Any:
        return cluster.get(f"{roles}/{whole}").ok().get("rules")

    eventually("the rules are there", lambda: rules() == given)
    cluster.delete(f"{roles}/{part}").ok()
    eventually("the rules are gone", lambda: not rules())
    cluster.delete(f"{roles}/{whole}").ok()


def test_nobody_grants_what_he_does_not_hold(cluster: Cluster, namespace: str) -> None:
    group = RBAC.partition("/")[0]
    bind(cluster, namespace, user("jane"), rule("create get", "roles", group), rule("get", "pods"))
    wait_allowed(cluster, namespace, "jane", "get", "pods")
    jane, path = cluster.impersonating("jane"), at(RBAC, "roles", namespace)
    wanted = rule("get list", "pods secrets")
    status = jane.post(path, role("more", wanted)).failure(403, "Forbidden")
    assert status["message"] == (
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "jane" '
        '(groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently '
        'held:\n{APIGroups:[""], Resources:["pods"], Verbs:["list"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'
    )


def test_the_verbs_escalate_and_bind_lift_that(cluster: Cluster, namespace: str) -> None:
    group = RBAC.partition("/")[0]
    given = rule("create escalate", "roles", group), rule("create", "rolebindings", group)
    bind(cluster, namespace, user("jane"), *given, rule("bind", "clusterroles", group))
    wait_allowed(cluster, namespace, "jane", "create", f"rolebindings.{group}")
    jane = cluster.impersonating("jane")
    jane.post(at(RBAC, "roles", namespace), role("more", rule("get", "secrets"))).ok()
    reference = {"apiGroup": group, "kind": "ClusterRole", "name": "view"}
    binding = {"metadata": {"name": "b"}, "roleRef": reference, "subjects": [user("joe")]}
    jane.post(at(RBAC, "rolebindings", namespace), binding).ok()


def test_without_credentials_one_is_anonymous(cluster: Cluster) -> None:
    anonymous = cluster.with_headers({})
    status = anonymous.get("/api/v1/namespaces").failure(403, "Forbidden")
    assert status["message"] == (
        'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in '
        'API group "" at the cluster scope'
    )
    assert anonymous.get("/version").code == 200
    assert anonymous.get("/api").code == 403


def test_a_wrong_token_is_no_token(cluster: Cluster) -> None:
    mallory = cluster.with_headers({"Authorization": "Bearer made-up"})
    status = mallory.get("/version").failure(401, "Unauthorized")
    assert status["message"] == "Unauthorized"
    assert "details" not in status


def test_impersonation_takes_user_group_uid_and_extra(cluster: Cluster) -> None:
    headers = {
        "Impersonate-User": "jane",
        "Impersonate-Group": "cooks",
        "Impersonate-Uid": "u-1",
        "Impersonate-Extra-example.com%2fshift": "night",
    }
    them = cluster.with_headers({**cluster._headers, **headers})
    review = them.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {}).ok()
    assert review["kind"] == "SelfSubjectReview"
    assert review["status"]["userInfo"] == {
        "username": "jane",
        "uid": "u-1",
        "groups": ["cooks", "system:authenticated"],
        "extra": {"example.com/shift": ["night"]},
    }


def test_a_group_without_a_user_is_malformed(cluster: Cluster) -> None:
    them = cluster.with_headers({**cluster._headers, "Impersonate-Group": "cooks"})
    status = them.get("/api").failure(400, "BadRequest")
    assert status["message"].endswith("without impersonating a user name")


def test_impersonation_has_to_be_allowed(cluster: Cluster, namespace: str) -> None:
    account = {"metadata": {"name": "robot"}}
    cluster.post(at("v1", "serviceaccounts", namespace), account).ok()
    path = at("v1", "serviceaccounts", namespace, "robot", "token")
    token = cluster.post(path, {"spec": {}}).ok()["status"]["token"]
    headers = {"Authorization": f"Bearer {token}", "Impersonate-User": "jane"}
    status = cluster.with_headers(headers).get("/api/v1/pods").failure(403, "Forbidden")
    assert status["message"] == (
        f'pods is forbidden: User "system:serviceaccount:{namespace}:robot" cannot '
        'impersonate-on:user-info:list resource "pods" in API group "" at the cluster scope'
    )

    name = f"{namespace}-impersonate"
    cluster.post(at(RBAC, "clusterroles"), role(name, rule("impersonate", "users"))).ok()
    reference = {"apiGroup": RBAC.partition("/")[0], "kind": "ClusterRole", "name": name}
    subject = {"kind": "ServiceAccount", "name": "robot", "namespace": namespace}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    cluster.post(at(RBAC, "clusterrolebindings"), binding).ok()

    def is_jane() -> Any:
        answer = cluster.with_headers(headers).get("/api/v1/pods")
        return 'User "jane" cannot list' in answer.failure(403, "Forbidden")["message"]

    eventually("the account is jane", is_jane)
    for plural in ("clusterroles", "clusterrolebindings"):
        cluster.delete(at(RBAC, plural, "", name))


def test_a_review_of_oneself_answers_for_the_one_who_asks(cluster: Cluster) -> None:
    spec = {"resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "default"}}
    path = f"{REVIEWS}/selfsubjectaccessreviews"
    answer = cluster.post(path, {"spec": spec})
    assert answer.code == 201
    assert answer.ok()["status"] == {"allowed": True}
    assert answer.ok()["spec"] == spec
    them = cluster.impersonating("jane")
    assert them.post(path, {"spec": spec}).ok()["status"] == {"allowed": False}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        pytest.param("/version", True, id="the version is public"),
        pytest.param("/api/v1", True, id="discovery is for all users"),
        pytest.param("/metrics", False, id="metrics are not"),
    ],
)
def test_a_review_of_a_path(cluster: Cluster, path: str, allowed: bool) -> None:
    spec = {"nonResourceAttributes": {"verb": "get", "path": path}}
    them = cluster.impersonating("jane")
    status = them.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": spec}).ok()["status"]
    assert status["allowed"] is allowed


@pytest.mark.parametrize(
    ("plural", "spec", "field"),
    [
        pytest.param("selfsubjectaccessreviews", {}, "spec", id="of nothing"),
        pytest.param(
            "subjectaccessreviews", {"resourceAttributes": {"verb": "get"}}, "spec.user",
            id="of nobody",
        ),
    ],
)  # fmt: skip
def test_an_incomplete_review_is_invalid(
    cluster: Cluster, plural: str, spec: dict[str, Any], field: str
) -> None:
    status = cluster.post(f"{REVIEWS}/{plural}", {"spec": spec}).failure(422, "Invalid")
    assert [cause["field"] for cause in status["details"]["causes"]] == [field]
    assert status["message"].startswith(f'.authorization.k8s.io "" is invalid: {field}: ')


def test_a_local_review_is_about_its_namespace(cluster: Cluster, namespace: str) -> None:
    path = f"{REVIEWS}/namespaces/{namespace}/localsubjectaccessreviews"
    attributes = {"verb": "get", "resource": "pods", "namespace": namespace}
    spec = {"user": "jane", "resourceAttributes": attributes}
    body = {"metadata": {"namespace": namespace}, "spec": spec}
    assert cluster.post(path, body).ok()["status"] == {"allowed": False}


def test_the_rules_of_oneself_are_listed(cluster: Cluster, namespace: str) -> None:
    bind(cluster, namespace, user("jane"), rule("get", "pods", resourceNames=["a"]))
    wait_path = f"{REVIEWS}/selfsubjectrulesreviews"
    wanted = {"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"]}

    def listed() -> Any:
        them = cluster.impersonating("jane")
        return them.post(wait_path, {"spec": {"namespace": namespace}}).ok()["status"]

    eventually("the rule is listed", lambda: wanted in listed()["resourceRules"])
    found = listed()
    assert found["incomplete"] is False
    assert any("/version" in entry["nonResourceURLs"] for entry in found["nonResourceRules"])


def test_a_review_in_kubectls_words_for_the_admin(cluster: Cluster) -> None:
    status = cluster.post(
        f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": "default"}}
    ).ok()["status"]
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    assert everything in status["resourceRules"]
    assert {"verbs": ["*"], "nonResourceURLs": ["*"]} in status["nonResourceRules"]

"""Answers who one is, what one may do, and whose a token is.

Source: Kubernetes API reference, "Authorization Resources", "Authentication Resources".
"""

from collections.abc import Callable
from typing import Any

from tiphys.sandbox.access.asked import Asked
from tiphys.sandbox.access.authentication import Access
from tiphys.sandbox.access.tokens import ISSUER, InvalidTokenError
from tiphys.sandbox.access.users import User
from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.statuses import StatusError, bad_request, invalid

Review = dict[str, Any]
_FIELDS = ("verbs", "apiGroups", "resources", "resourceNames")
_EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
_EVERYWHERE = {"verbs": ["*"], "nonResourceURLs": ["*"]}


class Reviews:
    """Answers reviews; each is created, answered and forgotten."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._answers: dict[str, Callable[[Review, User, str], Review]] = {
            "selfsubjectaccessreviews": self._self_access,
            "subjectaccessreviews": self._access_of,
            "localsubjectaccessreviews": self._local_access,
            "selfsubjectrulesreviews": self._rules,
            "selfsubjectreviews": self._who,
            "tokenreviews": self._token,
        }

    def answers(self, plural: str) -> bool:
        """Return whether a resource is a review."""
        return plural in self._answers

    def answer(self, plural: str, review: Review, user: User, namespace: str) -> Review:
        """Return a review with its answer.

        Raises:
            StatusError: the review asks nothing, or two things.
        """
        return self._answers[plural](review, user, namespace)

    def _self_access(self, review: Review, user: User, _namespace: str) -> Review:
        return self._decided(review, _spec(review), user)

    def _access_of(self, review: Review, _user: User, _namespace: str) -> Review:
        spec = _spec(review)
        if not spec.get("user") and not spec.get("groups"):
            raise _invalid("spec.user", '"": at least one of user or group must be specified')
        groups = tuple(spec.get("groups") or ())
        user = User(spec.get("user", ""), spec.get("uid", ""), groups, spec.get("extra") or {})
        return self._decided(review, spec, user)

    def _local_access(self, review: Review, user: User, namespace: str) -> Review:
        asked = (_spec(review).get("resourceAttributes") or {}).get("namespace", "")
        if asked != namespace:
            field = "spec.resourceAttributes.namespace"
            raise _invalid(field, f'"{asked}": must match metadata.namespace')
        return self._access_of(review, user, namespace)

    def _decided(self, review: Review, spec: Review, user: User) -> Review:
        asked = _asked(spec, user)
        decision = self._access.rbac.decide(asked)
        status: Review = {"allowed": decision.allowed}
        if decision.reason:
            status["reason"] = decision.reason
        return {**review, "status": status}

    def _rules(self, review: Review, user: User, _namespace: str) -> Review:
        namespace = _spec(review).get("namespace", "")
        if not namespace:
            raise bad_request("no namespace on request")
        resources: list[Review] = []
        paths: list[Review] = []
        problems = []
        if user.is_master:
            resources.append(_EVERYTHING)
            paths.append(_EVERYWHERE)
        for found in self._access.rbac.rules_of(user, namespace):
            if found.problem:
                problems.append(found.problem)
            if found.rule.get("resources"):
                resources.append({f: found.rule[f] for f in _FIELDS if found.rule.get(f)})
            if found.rule.get("nonResourceURLs"):
                paths.append({f: found.rule[f] for f in ("verbs", "nonResourceURLs")})
        status: Review = {
            "resourceRules": resources,
            "nonResourceRules": paths,
            "incomplete": bool(problems),
        }
        if problems:
            status["evaluationError"] = ", ".join(problems)
        return {**review, "status": status}

    def _who(self, review: Review, user: User, _namespace: str) -> Review:
        metadata = {"creationTimestamp": utc_now()}
        return {**review, "metadata": metadata, "status": {"userInfo": user.shown()}}

    def _token(self, review: Review, _user: User, _namespace: str) -> Review:
        spec = _spec(review)
        if not spec.get("token"):
            raise bad_request("token is required for TokenReview in authentication")
        try:
            user, audiences = self._access.user_of(spec["token"], spec.get("audiences") or [ISSUER])
        except InvalidTokenError as err:
            return {**review, "status": {"user": {}, "error": str(err)}}
        status = {"authenticated": True, "user": user.shown(), "audiences": audiences}
        return {**review, "status": status}


def _spec(review: Review) -> Review:
    spec: Review = review.get("spec") or {}
    return spec


def _invalid(field: str, text: str) -> StatusError:
    problem = (field, "FieldValueInvalid", f"Invalid value: {text}")
    return invalid("", "authorization.k8s.io", "", [problem])


def _asked(spec: Review, user: User) -> Asked:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        raise _invalid("spec", f"null: {text}")
    if path is not None:
        return Asked(user, path.get("verb", ""), path=path.get("path", ""))
    assert resource is not None
    return Asked(
        user,
        resource.get("verb", ""),
        resource.get("group", ""),
        resource.get("resource", ""),
        resource.get("subresource", ""),
        resource.get("namespace", ""),
        resource.get("name", ""),
    )

"""Access reviews: the sandbox has one user, who may do everything.

Source: Kubernetes API reference, "SelfSubjectAccessReview", "TokenReview".
"""

from typing import Any

REVIEWS = frozenset(
    {
        "selfsubjectaccessreviews",
        "subjectaccessreviews",
        "localsubjectaccessreviews",
        "selfsubjectreviews",
        "selfsubjectrulesreviews",
    }
)
_ALL = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
_STATUS: dict[str, dict[str, Any]] = {
    "SelfSubjectReview": {"userInfo": {"username": "admin", "groups": ["system:masters"]}},
    "SelfSubjectRulesReview": {"resourceRules": _ALL, "nonResourceRules": [], "incomplete": False},
}


def review(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a review with its answer."""
    return {**asked, "status": _STATUS.get(str(asked.get("kind")), {"allowed": True})}

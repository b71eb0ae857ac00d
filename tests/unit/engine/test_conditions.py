from tiphys.engine.conditions import (
    error_summary,
    merge_conditions,
    orphaned_resource_warning,
    shared_resource_warning,
)
from tiphys.model.application import Condition
from tiphys.model.keys import ResourceKey

OLD, NOW = "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"


def condition(type_: str, message: str = "m", at: str = "") -> Condition:
    return Condition(type=type_, message=message, last_transition_time=at)


def test_only_evaluated_types_are_replaced() -> None:
    current = [condition("SyncError", at=OLD), condition("ComparisonError", at=OLD)]

    assert merge_conditions(current, [], {"ComparisonError"}, NOW) == (
        condition("SyncError", at=OLD),
    )


def test_what_stands_keeps_its_time_and_what_is_new_gets_one() -> None:
    current = [condition("A", "one", OLD), condition("A", "two", OLD)]
    found = [condition("A", "two"), condition("A", "three"), condition("A", "three")]

    assert merge_conditions(current, found, {"A"}, NOW) == (
        condition("A", "three", NOW),
        condition("A", "two", OLD),
    )


def test_an_evaluation_that_finds_the_same_writes_nothing() -> None:
    current = (condition("A", "one", OLD), condition("A", "two", OLD), condition("B", at=OLD))

    assert merge_conditions(
        current, [condition("A", "two"), condition("A", "one")], {"A"}, NOW
    ) == (current)


def test_what_was_not_evaluated_is_not_added() -> None:
    assert merge_conditions([], [condition("B")], {"A"}, NOW) == ()


def test_errors_read_as_one_line() -> None:
    found = [
        condition("ComparisonError", "no repo"),
        condition("SharedResourceWarning"),
        condition("InvalidSpecError", "no project"),
    ]

    assert error_summary(found) == "ComparisonError: no repo;InvalidSpecError: no project"
    assert error_summary([]) == ""


def test_a_shared_resource_names_both_applications() -> None:
    key = ResourceKey("apps", "Deployment", "shop", "web")

    assert shared_resource_warning(key, "argocd/mine", "team_other_one").message == (
        "Deployment/web is part of applications argocd/mine and team/other_one"
    )


def test_orphans_are_counted() -> None:
    assert orphaned_resource_warning(0) is None
    found = orphaned_resource_warning(1)
    assert found is not None
    assert found.message == "Application has 1 orphaned resources"

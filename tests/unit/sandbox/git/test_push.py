"""What a push changed."""

from tiphys.sandbox.git.push import ABSENT, RefChange, changed_refs, parse_commit


def test_created_moved_and_deleted_refs_are_changes() -> None:
    before = {"refs/heads/main": "a", "refs/heads/old": "b", "refs/tags/v1": "c"}
    after = {"refs/heads/main": "d", "refs/heads/new": "e", "refs/tags/v1": "c"}
    assert changed_refs(before, after) == [
        RefChange("refs/heads/main", "a", "d"),
        RefChange("refs/heads/new", ABSENT, "e"),
        RefChange("refs/heads/old", "b", ABSENT),
    ]


def test_a_commit_lists_its_paths_by_what_happened_to_them() -> None:
    head = "\x1f".join(
        ["c1", "t1", "Ann", "ann@example.com", "2026-01-01T00:00:00Z", "Say hi\n", ""]
    )
    commit = parse_commit(head + "\0\nA\0new file.yaml\0M\0web.yaml\0D\0old.yaml\0T\0link\0")
    assert commit["message"] == "Say hi"
    assert commit["author"] == {"name": "Ann", "email": "ann@example.com"}
    assert commit["added"] == ["new file.yaml"]
    assert commit["modified"] == ["web.yaml", "link"]
    assert commit["removed"] == ["old.yaml"]


def test_a_commit_without_paths_changes_nothing() -> None:
    commit = parse_commit("c1\x1ft1\x1fAnn\x1fa@b\x1fnow\x1fempty\x1f\n\0")
    assert (commit["added"], commit["modified"], commit["removed"]) == ([], [], [])

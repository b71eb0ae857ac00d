from typing import Any

from tiphys.cli.application_text import application_text
from tiphys.cli.tables import MAX_TEXT, shortened

LONG = "spec.template: Invalid value: " + "x" * 2000 + ": field is immutable"


def application(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {"source": {"repoURL": "r", "path": "p"}, "destination": {"namespace": "shop"}},
        "status": status,
    }


def test_a_long_text_is_cut_and_the_whole_of_it_is_one_command_away() -> None:
    rows = [
        {"kind": "Job", "name": f"j{n}", "hookPhase": "Failed", "message": f"{n} {LONG}"}
        for n in range(50)
    ]
    text = application_text(
        application(
            conditions=[{"type": "SyncError", "message": LONG}],
            operationState={"phase": "Failed", "message": LONG, "syncResult": {"resources": rows}},
        )
    )

    assert max(map(len, text.splitlines())) < MAX_TEXT + 100
    assert "… and 30 more" in text
    assert text.endswith(
        "Texts are cut. See the whole of them with `tiphys app get argocd/web -o yaml`."
    )


def test_short_texts_stay_as_they_are() -> None:
    text = application_text(application(conditions=[{"type": "SyncError", "message": "no"}]))

    assert "Texts are cut" not in text


def test_a_text_of_several_lines_stands_on_one() -> None:
    assert shortened("one\n  two\tthree") == "one two three"

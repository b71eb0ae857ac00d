"""docs/reference/health.md says what the checks do."""

from scripts.generate_health_reference import TARGET, render


def test_the_reference_of_health_is_up_to_date() -> None:
    hint = "run `python scripts/generate_health_reference.py`"

    assert TARGET.read_text() == render(), hint

from typing import Any

import msgspec
import pytest

from tests.unit.engine.sync.builders import manifest, plan
from tiphys.delivery.trials import Trial, Trials
from tiphys.engine.sync.options import SyncOptions

(TASK,) = plan([manifest("one")])


def live(version: str = "1", uid: str = "u") -> dict[str, Any]:
    return {**manifest("one"), "metadata": {"name": "one", "uid": uid, "resourceVersion": version}}


def with_options(**options: Any) -> Any:
    return msgspec.structs.replace(TASK, options=SyncOptions(**options))


KNOWN = Trial.of("https://one", TASK, live())


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        pytest.param(Trial.of("https://one", TASK, live()), True, id="the same write"),
        pytest.param(Trial.of("https://two", TASK, live()), False, id="another cluster"),
        pytest.param(Trial.of("https://one", TASK, live("2")), False, id="live has changed"),
        pytest.param(Trial.of("https://one", TASK, live(uid="v")), False, id="another object"),
        pytest.param(
            Trial.of("https://one", plan([manifest("one", wave=2)])[0], live()),
            False,
            id="another target",
        ),
        pytest.param(
            Trial.of("https://one", with_options(validate=False), live()), False, id="another way"
        ),
    ],
)
def test_an_answer_is_used_again_only_for_the_same_write(trial: Trial, expected: bool) -> None:
    trials = Trials()
    trials.accept(KNOWN)

    assert trials.was_accepted(trial) is expected


def test_an_answer_about_what_does_not_exist_is_never_used_again() -> None:
    trials, trial = Trials(), Trial.of("https://one", TASK, None)
    trials.accept(trial)

    assert not trials.was_accepted(trial)

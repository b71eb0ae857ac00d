"""With which code a command ends when it cannot do what it was asked for."""

from pathlib import Path

import pytest

from tiphys.cli.main import main

MISUSED, FAILED, NOT_TOLD = 1, 20, 2


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param("app sync --nope", MISUSED, id="a flag that there is not"),
        pytest.param("app get", MISUSED, id="a name that is missing"),
        pytest.param("nope", MISUSED, id="a command that there is not"),
        pytest.param("app list -o nope", MISUSED, id="a value that there is not"),
        pytest.param("app diff", NOT_TOLD, id="diff: 1 would mean differences"),
        pytest.param("app diff web", NOT_TOLD, id="diff without a cluster"),
        pytest.param("app get web", FAILED, id="no cluster"),
        pytest.param("--core --kube-context x app get web", FAILED, id="flags before the command"),
        pytest.param("app --help", 0, id="help"),
    ],
)
def test_the_exit_code_tells_what_went_wrong(
    typed: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    monkeypatch.setattr("sys.argv", ["tiphys", *typed.split()])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == code
    told = capsys.readouterr()
    assert bool(told.err) is bool(code)
    assert "Traceback" not in told.err

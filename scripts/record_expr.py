"""Records what the Go library answers to the expressions of tests/recorded/expr.

Writes tests/recorded/expr/answers.json: for every expression its type and value, or its error.
Needs Go; replaying the answers does not.

Usage: python -m scripts.record_expr
"""

import json
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "recorded" / "expr"
RECORDER = ROOT / "tests" / "golang" / "expr"


def expressions() -> list[str]:
    lines = (FOLDER / "expressions.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("# ")]


def main() -> None:
    variables = yaml.safe_load((FOLDER / "variables.yaml").read_text())
    asked = [{"expression": text, "variables": variables} for text in expressions()]
    done = subprocess.run(
        ["go", "run", "."],
        cwd=RECORDER,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    answers = json.loads(done.stdout)
    rows = [
        {"expression": text, **answer} for text, answer in zip(expressions(), answers, strict=True)
    ]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (FOLDER / "answers.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()

"""Records what Go's text/template with Sprig makes of the templates of tests/recorded/templates.

Writes tests/recorded/templates/answers.json: for every template its text, or its error. The
variables are those of the recorded expressions. Needs Go; replaying the answers does not.

Usage: python -m scripts.record_templates
"""

import json
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
RECORDED = ROOT / "tests" / "recorded"
RECORDER = ROOT / "tests" / "golang" / "templates"


def templates() -> list[str]:
    lines = (RECORDED / "templates" / "templates.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("# ")]


def main() -> None:
    variables = yaml.safe_load((RECORDED / "expr" / "variables.yaml").read_text())
    asked = [{"template": text, "variables": variables} for text in templates()]
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
    rows = [{"template": text, **one} for text, one in zip(templates(), answers, strict=True)]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (RECORDED / "templates" / "answers.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()

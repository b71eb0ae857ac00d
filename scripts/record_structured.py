"""Records what the Go libraries of the API server answer to the scenarios of tests/recorded.

Writes tests/recorded/structured/NAME.json.zlib: for every case the question and the answer. The
questions are tests/recorded/scenarios/*.yaml and the random ones of scripts/random_scenarios.py.
Needs Go; replaying the answers does not.

Usage: python -m scripts.record_structured
"""

import json
import subprocess
import tempfile
import zlib
from pathlib import Path
from typing import Any

import yaml

from scripts.random_scenarios import FILES

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "tests" / "recorded" / "scenarios"
ANSWERS = ROOT / "tests" / "recorded" / "structured"
RECORDER = ROOT / "tests" / "golang" / "recorder"
DEFINITIONS = ROOT / "src" / "tiphys" / "structured" / "data" / "builtin.json.zlib"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
NEEDED = ("ObjectMeta", "OwnerReference", "ManagedFieldsEntry", "FieldsV1", "Time")


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def questions() -> dict[str, list[Any]]:
    result = dict(FILES)
    for path in sorted(SCENARIOS.glob("*.yaml")):
        result[path.stem] = yaml.safe_load(path.read_text())
    return result


def record(asked: dict[str, list[Any]], folder: Path) -> dict[str, list[Any]]:
    definitions = json.loads(zlib.decompress(DEFINITIONS.read_bytes()))
    models = folder / "definitions.json"
    models.write_text(compact({META + name: definitions[META + name] for name in NEEDED}))
    files = []
    for name, cases in asked.items():
        files.append(folder / f"{name}.json")
        files[-1].write_text(compact(cases))
    subprocess.run(["go", "build", "-o", folder / "recorder", "."], cwd=RECORDER, check=True)
    done = subprocess.run(
        [folder / "recorder", models, *files], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    answers = json.loads(done.stdout)
    return {name: answers[f"{name}.json"] for name in asked}


def main() -> None:
    asked = questions()
    with tempfile.TemporaryDirectory() as folder:
        answers = record(asked, Path(folder))
    ANSWERS.mkdir(exist_ok=True)
    for name, cases in asked.items():
        pairs = [{"case": c, "answer": a} for c, a in zip(cases, answers[name], strict=True)]
        content = zlib.compress(compact(pairs).encode(), 9)
        (ANSWERS / f"{name}.json.zlib").write_bytes(content)
        print(f"{name}: {len(pairs)} cases, {len(content)} bytes")


if __name__ == "__main__":
    main()

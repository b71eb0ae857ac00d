"""Writes src/tiphys/sandbox/data/apitypes.json.zlib: the structs behind the kinds we serve.

What a field is called in JSON, its Go type, its protobuf number, whether it is left out when
empty: from the Go types themselves, by tests/golang/apitypes. Needs Go; reading the data does not.

Usage: python -m scripts.record_apitypes
"""

import json
import re
import subprocess
import tempfile
import zlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "tests" / "golang" / "apitypes"
DATA = ROOT / "src" / "tiphys" / "sandbox" / "data"
TARGET = DATA / "apitypes.json.zlib"
# Bodies and answers that are no objects of a served kind.
OTHERS = ("v1/DeleteOptions", "v1/Status", "autoscaling/v1/Scale", "policy/v1/Eviction")
UNKNOWN = "io.k8s.apimachinery.pkg.runtime.Unknown"
_NAMED = re.compile(r"io\.[\w.-]+$")


def reachable(types: dict[str, Any], roots: list[str]) -> dict[str, Any]:
    """Return the types that are used by the given ones, and those themselves."""
    found: dict[str, Any] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found or name not in types:
            continue
        found[name] = types[name]
        fields = types[name].get("fields", ())
        used = [types[name].get("items", ""), *(field[1] for field in fields)]
        waiting += [match[0] for go in used if (match := _NAMED.search(go))]
    return dict(sorted(found.items()))


def wanted(kinds: dict[str, str]) -> dict[str, str]:
    """Return the kinds that the sandbox serves, their lists, and what else is sent."""
    served = json.loads((DATA / "kinds.json").read_text())["kinds"]
    names = set(OTHERS)
    for kind in served:
        name = "/".join(filter(None, (kind["group"], kind["version"], kind["kind"])))
        names |= {name, f"{name}List"}
    return {name: kinds[name] for name in sorted(names) if name in kinds}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "apitypes"
        subprocess.run(["go", "build", "-o", program, "."], cwd=PROGRAM, check=True)
        done = subprocess.run([program], capture_output=True, text=True, check=True)
    emitted = json.loads(done.stdout)
    kinds = wanted(emitted["kinds"])
    types = reachable(emitted["types"], [*kinds.values(), UNKNOWN])
    text = json.dumps({"kinds": kinds, "types": types}, separators=(",", ":"))
    TARGET.write_bytes(zlib.compress(text.encode(), 9))
    print(f"{len(kinds)} kinds, {len(types)} types, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()

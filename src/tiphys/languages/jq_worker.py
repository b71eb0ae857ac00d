"""The process that runs jq: a request a line in, an answer a line out, until the input ends."""

import json
import resource
import sys
from functools import lru_cache
from typing import Any

import jq

_MAX_BYTES = 512 * 1024 * 1024


@lru_cache(maxsize=256)
def compile_deletion(expression: str) -> Any:
    """Return the program that deletes an expression's paths."""
    return jq.compile(f"del({expression})")


def answer(request: Any) -> dict[str, Any]:
    """Return `{"output": ...}` or `{"error": ...}` for one request."""
    try:
        program = compile_deletion(request["expression"])
        if request["trial"]:
            return {"output": {}}
        output = json.loads(next(iter(program.input_value(request["input"]).text().splitlines())))
    except (ValueError, StopIteration, MemoryError) as err:
        return {"error": " ".join(str(err).split()) or type(err).__name__}
    if not isinstance(output, dict):
        return {"error": f"yields {type(output).__name__} instead of an object"}
    return {"output": output}


def main() -> None:
    """Serve until the parent closes our input."""
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_BYTES, _MAX_BYTES))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

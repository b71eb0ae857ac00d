"""The worker process: confines itself, then serves jobs from stdin until it ends.

Only the standard library and the jail are imported before the jail is shut. The first frame that
the worker writes says what the jail lacks on this machine.
"""

import json
import os
import struct
import sys
from typing import BinaryIO

from tiphys.sources.render.jail import confine


def main() -> None:
    """Serve jobs; the one argument is `{"folder": str, "reads": [str], "maxFileBytes": int}`."""
    told = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a renderer that prints must not break the frames
    lacking = confine(told["reads"], [told["folder"]], max_file_bytes=told["maxFileBytes"])
    from tiphys.sources.render.serving import serve  # noqa: PLC0415 -- only inside the jail

    write_frame(answers, json.dumps({"lacking": lacking}).encode())
    serve(told["folder"], sys.stdin.buffer, answers)


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame, None at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    return stream.read(struct.unpack(">I", head)[0])


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Write a body with its length before it."""
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


if __name__ == "__main__":
    main()

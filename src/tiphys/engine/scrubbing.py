"""Messages about Secrets without the values of Secrets.

API servers, validators and expressions quote what they refuse, and whoever may read an Application
reads its conditions and results. Of a message about a Secret everything goes that is one of its
values, however it is spelled, and whatever is printed behind the words that announce a value.

Source: Argo CD security advisories GHSA-47g2-qmh2-749v and GHSA-274v-mgcv-cm8j.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable, Iterator
from typing import Any, Final

from tiphys.engine.go_dumps import shortened
from tiphys.engine.masking import is_secret
from tiphys.model.keys import Manifest
from tiphys.model.labels import LAST_APPLIED

HIDDEN: Final = "(hidden)"
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"|`[^`]*`'
_ANNOUNCED: Final = re.compile(
    rf"(?P<got>\bgot:? )(?:{_QUOTED}|[^;\n]*)"
    rf"|(?P<value>(?:Invalid|Unsupported|Duplicate) value: )(?:{_QUOTED}|[^:;,\n]*)"
)
# So short a value is only taken out where it stands for itself: `1` is part of many words.
_SHORT: Final = 4
_MAX_VALUES: Final = 2000


def without_secrets(
    text: str, faces: Iterable[Manifest | None], annotations: Iterable[str] = ()
) -> str:
    """Return a message as everybody may read it.

    Args:
        text: about one object.
        faces: the object, wanted and live, as far as it is known.
        annotations: keys of annotations whose values are secret, on any kind.
    """
    known = [face for face in faces if face is not None]
    keys = tuple(annotations)
    values = {value for face in known for value in _values(face, keys) if value.strip()}
    if any(is_secret(face) for face in known):
        text = _ANNOUNCED.sub(
            lambda found: (found["got"] or found["value"]) + HIDDEN, shortened(text)
        )
    for value in sorted(values, key=len, reverse=True)[:_MAX_VALUES]:
        if len(value) >= _SHORT:
            text = text.replace(value, HIDDEN)
        else:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", HIDDEN, text)
    return text


def _values(face: Manifest, annotations: tuple[str, ...]) -> Iterator[str]:
    found = (face.get("metadata") or {}).get("annotations")
    if isinstance(found, dict):
        for key in annotations:
            yield from _spellings(found.get(key))
    if is_secret(face):
        yield from _spellings(face.get("stringData"))
        yield from _spellings(face.get("data"), is_encoded=True)
        if isinstance(found, dict):
            yield from _spellings(found.get(LAST_APPLIED))


def _spellings(value: Any, *, is_encoded: bool = False) -> Iterator[str]:
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _spellings(item, is_encoded=is_encoded)
    elif isinstance(value, str):
        yield from _texts(value)
        if is_encoded:
            yield from _texts(_decoded(value))
    elif isinstance(value, (int, float)):
        yield from (str(value), str(value).lower(), f"{float(value):g}")


def _decoded(value: str) -> str:
    try:
        return b64decode(value, validate=True).decode()
    except (Error, ValueError):
        return ""


def _texts(value: str) -> Iterator[str]:
    yield value
    escaped = value.encode("unicode_escape").decode().replace('"', '\\"')
    if escaped != value:
        yield escaped
    if "\n" in value:
        yield from (line for line in value.splitlines() if len(line.strip()) >= _SHORT)

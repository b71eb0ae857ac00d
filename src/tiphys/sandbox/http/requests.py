"""What a request asks of which kind, read from its path and query."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from tiphys.sandbox.access.users import ADMIN, User
from tiphys.sandbox.clock import utc_now
from tiphys.sandbox.registry.writing import Check, Write
from tiphys.sandbox.statuses import no_such_resource, not_allowed
from tiphys.sandbox.typed.kinds import Kind, Kinds

APPLY_MEDIA = "application/apply-patch+yaml"


class NoSuchPathError(Exception):
    """Nothing at all is served below a path: no API group either."""


class Request(NamedTuple):
    """One request for objects; `name` is "" for a collection."""

    method: str
    kind: Kind
    namespace: str
    name: str
    subresource: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    user: User = ADMIN
    check: Check | None = None

    def flag(self, name: str) -> bool:
        """Return whether a parameter of the query is there and means true."""
        return is_set(self.query.get(name, "0"))

    @property
    def is_watch(self) -> bool:
        """True for a watch of a collection."""
        return self.method == "GET" and not self.name and self.flag("watch")

    @property
    def media(self) -> str:
        """The media type of the body, without its parameters; "" when none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def write(self) -> Write:
        """How the request writes."""
        agent = self.headers.get("user-agent", "").partition("/")[0]
        return Write(
            manager=self.query.get("fieldManager") or agent or "unknown",
            now=utc_now(),
            subresource="status" if self.subresource == "status" else "",
            validation=self.query.get("fieldValidation") or "Warn",
            dry_run="All" in self.query.get("dryRun", ""),
            check=self.check,
        )


def is_set(text: str) -> bool:
    """Return whether a word of a query means true: any does, but "false" and "0".

    Source: apimachinery, pkg/runtime/conversion.go (Convert_Slice_string_To_bool).
    """
    return text.lower() not in {"false", "0"}


def parse_query(raw: bytes) -> dict[str, str]:
    """Return the parameters of a query; of repeated ones the last."""
    return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))


def without_watch(method: str, path: str, query: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return the path and query of a collection that `/api/v1/watch/...` means; others as they are.

    Source: Kubernetes API concepts; deprecated there in favour of `?watch=true`.

    Raises:
        StatusError: such a path is for reading only.
    """
    parts = path.split("/")  # "", "api", VERSION or "", "apis", GROUP, VERSION
    place = 3 if path.startswith("/api/") else 4
    if len(parts) <= place + 1 or parts[place] != "watch":
        return path, query
    if method != "GET":
        raise not_allowed()
    rest = parts[place + 1 :]
    query = {**query, "watch": "true"}
    in_namespace = rest[0] == "namespaces" and len(rest) > 2
    if len(rest) == (4 if in_namespace else 2):
        query["fieldSelector"] = f"metadata.name={rest.pop()}"
    return "/".join([*parts[:place], *rest]), query


def is_pretty(request: Request) -> bool:
    """Return whether a client wants to read the answer itself: it says so, or it is curl.

    Source: apiserver, pkg/endpoints/handlers/negotiation (isPrettyPrint).
    """
    asked = request.query.get("pretty", "")
    if asked:
        return asked in {"1", "t", "T", "true", "TRUE", "True"}
    return request.headers.get("user-agent", "").startswith(("curl", "Wget", "Mozilla/5.0"))


def _plural(rest: list[str]) -> str:
    return rest[2] if rest[0] == "namespaces" and len(rest) > 2 else rest[0]


def find_kind(kinds: Kinds, path: str) -> tuple[Kind, str, str, str]:
    """Return (kind, namespace, name, subresource) that a path names.

    Raises:
        StatusError: no such kind is served.
        NoSuchPathError: no such group is.
    """
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise NoSuchPathError
    if group and not kinds.is_built_in(group) and kinds.find(group, version, _plural(rest)) is None:
        raise NoSuchPathError
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in {"status", "finalize"}:
        namespace, rest = rest[1], rest[2:]
    kind = kinds.find(group, version, rest[0])
    if kind is None or (namespace and not kind.namespaced):
        raise no_such_resource()
    name = rest[1] if len(rest) > 1 else ""
    return kind, namespace, name, "/".join(rest[2:])

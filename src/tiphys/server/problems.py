"""Turns errors into HTTP answers; the one place that knows status codes.

Source: google.rpc.Code and its mapping to HTTP in grpc-gateway v1; the errors of a Kubernetes API
server keep their meaning.
"""

import logging
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse

from tiphys.model.errors import (
    AlreadyExistsError,
    ApiError,
    ClusterError,
    InvalidInputError,
    LimitExceededError,
    NotFoundError,
    NotManagedError,
    PermissionDeniedError,
    PreconditionError,
    RenderError,
    SourceError,
    TiphysError,
    UnauthenticatedError,
    UnimplementedError,
)

log = logging.getLogger(__name__)

_INTERNAL = 13
_HTTP = {
    1: 408, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400,
    12: 501, 13: 500, 14: 503, 15: 500, 16: 401,
}  # fmt: skip
_CODES: dict[type[TiphysError], int] = {
    InvalidInputError: 3,
    NotFoundError: 5,
    AlreadyExistsError: 6,
    PermissionDeniedError: 7,
    LimitExceededError: 8,
    PreconditionError: 9,
    NotManagedError: 9,
    RenderError: 9,
    SourceError: 9,
    UnimplementedError: 12,
    ClusterError: 14,
    UnauthenticatedError: 16,
}
_API_REASONS = {
    "NotFound": 5, "AlreadyExists": 6, "Invalid": 3, "MethodNotAllowed": 12, "BadRequest": 9,
    "ServiceUnavailable": 14, "Unauthorized": 16, "Forbidden": 7, "Timeout": 4,
    "ServerTimeout": 14, "Conflict": 10, "TooManyRequests": 8, "InternalError": 13,
}  # fmt: skip


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error as clients of the API read it.

    Attributes:
        code: of google.rpc.Code.
        reason, where, hint: additions of ours, see `TiphysError`.
    """

    code: int
    message: str
    reason: str = ""
    where: str = ""
    hint: str = ""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _HTTP.get(self.code, 500)

    def body(self) -> dict[str, Any]:
        """Return the JSON of an answer that is an error."""
        known = {"reason": self.reason, "where": self.where, "hint": self.hint}
        return {
            "error": self.message,
            "code": self.code,
            "message": self.message,
            **{name: text for name, text in known.items() if text},
        }

    def stream_body(self) -> dict[str, Any]:
        """Return the JSON of an error within a stream."""
        return {
            "grpc_code": self.code,
            "http_code": self.status,
            "message": self.message,
            "http_status": _PHRASES.get(self.status, "Internal Server Error"),
        }


_PHRASES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    408: "Request Timeout", 409: "Conflict", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip


def problem_of(err: BaseException) -> Problem:
    """Return what clients are told of an error; what we did not expect is logged, not told."""
    if not isinstance(err, TiphysError):
        log.error("a request crashed", exc_info=err)
        return Problem(code=_INTERNAL, message="internal error", reason="InternalError")
    return Problem(
        code=_code_of(err), message=err.what, reason=err.reason, where=err.where, hint=err.hint
    )


def _code_of(err: TiphysError) -> int:
    if isinstance(err, ApiError):
        return _API_REASONS.get(err.status_reason, _INTERNAL)
    return next((code for kind, code in _CODES.items() if isinstance(err, kind)), _INTERNAL)


async def answer_problem(_request: Request, err: Exception) -> JSONResponse:
    """Answer with the one JSON shape that all errors have, on every route."""
    problem = problem_of(err)
    headers = {"WWW-Authenticate": _one_line(problem.message)} if problem.status == 401 else {}
    return JSONResponse(problem.body(), status_code=problem.status, headers=headers)


def _one_line(text: str) -> str:
    return " ".join(text.encode("ascii", "replace").decode().split())

"""Turns errors into HTTP answers; the one place that knows status codes."""

from starlette.requests import Request
from starlette.responses import JSONResponse

from tiphys.model.errors import InvalidInputError, NotFoundError, TiphysError

_STATUS: dict[type[TiphysError], int] = {InvalidInputError: 400, NotFoundError: 404}


async def answer_problem(_request: Request, err: Exception) -> JSONResponse:
    """Answer with the one JSON shape that all errors have, on every route."""
    if not isinstance(err, TiphysError):
        body = {"error": "internal error", "code": 13, "message": "internal error"}
        return JSONResponse(body, status_code=500)
    status = next((code for kind, code in _STATUS.items() if isinstance(err, kind)), 500)
    return JSONResponse(
        {
            "error": err.what,
            "code": 3 if status == 400 else 5 if status == 404 else 13,
            "message": err.what,
            "reason": err.reason,
            "where": err.where,
            "hint": err.hint,
        },
        status_code=status,
    )

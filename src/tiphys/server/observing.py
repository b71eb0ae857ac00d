"""Takes note of calls: metrics of each, an audit line for each that may change something."""

import logging

from tiphys.server.call import Call
from tiphys.server.table import Endpoint
from tiphys.telemetry.metrics import ServerMetrics

log = logging.getLogger(__name__)

_CODES = (
    "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound",
    "AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted",
    "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated",
)  # fmt: skip
_LOGIN = "session.SessionService/Create"


class Observer:
    """Is told of every call that was answered."""

    def __init__(self, metrics: ServerMetrics) -> None:
        self._metrics = metrics

    def answered(self, endpoint: Endpoint, call: Call | None, code: int, seconds: float) -> None:
        """Take note of one call; `code` is of google.rpc.Code."""
        kind = "server_stream" if endpoint.is_stream else "unary"
        self._metrics.called(endpoint.service, endpoint.rpc, kind, _CODES[code], seconds)
        if endpoint.name == _LOGIN:
            self._metrics.logged_in(is_successful=code == 0)
        if endpoint.method != "GET" and call is not None:
            _audit(endpoint, call, code, seconds)


def _audit(endpoint: Endpoint, call: Call, code: int, seconds: float) -> None:
    client = call.request.client
    fields = {
        "method": endpoint.name,
        "user": call.identity.username or call.identity.subject,
        "from": client.host if client is not None else "",
        "object": "/".join(call.path.values()),
        "code": code,
        "seconds": round(seconds, 3),
    }
    log.info("called", extra=fields)

"""The error tree: every error that tiphys raises on purpose.

    TiphysError
    ├── InvalidInputError        what a person wrote cannot be understood or is not allowed
    ├── NotFoundError            a named thing does not exist
    ├── SourceError              a repository is unreachable, refuses us, or lacks the revision
    ├── RenderError              a source was fetched but does not render
    ├── ClusterError             a cluster cannot be reached or refuses us altogether
    │   └── CredentialsError     the command or service that issues our credentials failed
    ├── NotManagedError          an object lies outside of what is managed of a cluster
    ├── UnauthenticatedError     a caller did not prove who they are
    ├── PermissionDeniedError    a caller may not do this, or what they name does not exist
    ├── PreconditionError        the request is understood, but the state of things forbids it now
    ├── AlreadyExistsError       a thing of that name exists and differs
    ├── LimitExceededError       a caller asked for too much, or too often
    ├── UnimplementedError       a feature that does not exist, or is turned off
    └── ApiError                 the API server answered a request with a Status of failure

One error has four faces (log, condition, REST, command line), each written by one function of the
room that shows it.
"""

from typing import Any, ClassVar


class TiphysError(Exception):
    """Base of every error raised on purpose.

    Attributes:
        reason: CamelCase, stable across releases; becomes the condition's `reason`.
        transient: True when the same call may succeed later, unchanged.
        is_about_live: True when it says something of a cluster, not of what should be there.
        what: the broken rule, in one clause, with the offending value in backticks.
        where: object and field, or file and line: "apps/Deployment/shop/web: spec.replicas".
        hint: one imperative sentence; empty only when no reader could act.
    """

    reason: ClassVar[str] = "InternalError"
    transient: bool = False
    is_about_live: ClassVar[bool] = False

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}\n\nhint: {self.hint}" if self.hint else line

    @property
    def line(self) -> str:
        """The error without its hint, on one line, as conditions and results show it."""
        return f"{self.where}: {self.what}" if self.where else self.what


class InvalidInputError(TiphysError):
    """What a person wrote cannot be understood or is not allowed."""

    reason = "InvalidInput"


class NotFoundError(TiphysError):
    """A named thing does not exist."""

    reason = "NotFound"


class SourceError(TiphysError):
    """A repository cannot be reached, refuses us, or lacks the revision."""

    reason = "SourceUnavailable"

    def __init__(self, what: str, *, where: str = "", hint: str = "", transient: bool) -> None:
        super().__init__(what, where=where, hint=hint)
        self.transient = transient


class RenderError(TiphysError):
    """A source was fetched but does not render to manifests."""

    reason = "RenderFailed"


class ClusterError(TiphysError):
    """A cluster cannot be reached, or refuses every request."""

    reason = "ClusterUnavailable"
    is_about_live = True
    transient = True


class CredentialsError(ClusterError):
    """The command or service that issues our credentials for a cluster failed."""


class ClusterAwayError(ClusterError):
    """A cluster could not be opened a while ago; it is being tried again, and that will be told."""


class NotManagedError(TiphysError):
    """An object lies outside of what an installation manages of a cluster."""

    reason = "NotManaged"
    is_about_live = True


class UnauthenticatedError(TiphysError):
    """A caller did not prove who they are."""

    reason = "Unauthenticated"


class PermissionDeniedError(TiphysError):
    """A caller may not do this; also said of what does not exist, so that names do not leak."""

    reason = "PermissionDenied"


class PreconditionError(TiphysError):
    """A request is understood, but the state of things forbids it now."""

    reason = "FailedPrecondition"


class AlreadyExistsError(TiphysError):
    """A thing of that name exists and differs from what was to be created."""

    reason = "AlreadyExists"


class LimitExceededError(TiphysError):
    """A caller asked for too much at once, or too often."""

    reason = "ResourceExhausted"
    transient = True


class UnimplementedError(TiphysError):
    """A feature that does not exist yet, or that is turned off."""

    reason = "Unimplemented"


# What etcd, and the connection to it, say of an object that is too large; the code is 500 then.
_TOO_LARGE = ("request is too large", "message larger than max")


class ApiError(TiphysError):
    """The API server answered with a Status of failure.

    Attributes:
        code: the HTTP status.
        status_reason: the Status's `reason`: "Conflict", "NotFound", "Invalid", ...
        causes: `details.causes` of the Status, as decoded.
        retry_after_s: seconds from `Retry-After`, None when the server named none.
    """

    reason = "ApiError"
    is_about_live = True

    def __init__(
        self,
        message: str,
        *,
        code: int,
        status_reason: str = "",
        causes: tuple[dict[str, Any], ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.status_reason, self.causes = code, status_reason, causes
        self.retry_after_s = retry_after_s
        self.transient = code in {408, 409, 429} or code >= 500

    @property
    def is_too_large(self) -> bool:
        """True when the object is larger than the server, or the store behind it, takes."""
        return self.code == 413 or any(said in self.what for said in _TOO_LARGE)

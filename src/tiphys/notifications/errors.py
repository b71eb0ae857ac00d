"""Why a message did not arrive."""

from tiphys.model.errors import TiphysError


class DeliveryError(TiphysError):
    """A service cannot be reached, refuses a message, or is not configured for it.

    Its text never holds an address beyond the host, nor anything of the request.

    Attributes:
        retry_after_s: how long the service wants to be left alone; 0 when it has not said.
    """

    reason = "DeliveryFailed"

    def __init__(
        self, what: str, *, where: str = "", hint: str = "", retry_after_s: int = 0
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.retry_after_s = retry_after_s

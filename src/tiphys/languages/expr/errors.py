"""What is wrong with an expression, or with what it was evaluated on."""

from tiphys.model.errors import TiphysError


class ExprError(TiphysError):
    """An expression is not understood, does not fit its values, or exceeds a limit."""

    reason = "ExpressionFailed"

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what[:256], where=where[:256], hint=hint)

"""What one evaluation may cost."""

from typing import Any, Final

from tiphys.languages.expr.errors import ExprError

STEPS: Final = 200_000
"""Visits of nodes and elements; about a microsecond each, so a fifth of a second at most."""
SIZE: Final = 1_000_000
"""Elements and characters that an evaluation may build."""


class Budget:
    """Counts what an evaluation does and ends it where it does too much."""

    def __init__(self, steps: int = STEPS, size: int = SIZE) -> None:
        self._steps, self._size = steps, size
        self.steps, self.size = steps, size

    def step(self, count: int = 1) -> None:
        """Take note of work.

        Raises:
            ExprError: it is too much.
        """
        self.steps -= count
        if self.steps < 0:
            raise ExprError(
                f"takes more than {self._steps} steps",
                where="expression",
                hint="Look at fewer elements, or name them by their index.",
            )

    def build(self, count: int) -> None:
        """Take note of elements or characters that are about to be built.

        Raises:
            ExprError: they are too many.
        """
        self.size -= count
        if self.size < 0:
            raise ExprError(f"builds more than {self._size} elements", where="expression")
        self.step(count // 64)

    def built(self, value: Any) -> Any:
        """Take note of a string, list or map, and return it.

        Raises:
            ExprError: it is too large.
        """
        if isinstance(value, (str, list, dict)):
            self.build(len(value))
        return value

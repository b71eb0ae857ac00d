"""Whole numbers out of text that anybody may have written."""

_MAX_DIGITS = 18  # what fits 64 bits; Python refuses to read thousands


def whole_number(text: str) -> int | None:
    """Return the number that a text of digits stands for; None for any other text.

    Not `str.isdigit`, for which `²` is a digit too.
    """
    is_one = text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if is_one else None

"""The built-in functions by name: how many arguments each takes."""

from typing import Final

MANY: Final = 255

PREDICATES: Final = frozenset(
    {
        "all", "any", "count", "filter", "find", "findIndex", "findLast", "findLastIndex",
        "groupBy", "map", "none", "one", "reduce", "sortBy", "sum",
    }
)  # fmt: skip
"""Functions whose second argument is asked of each element of the first."""

BUILTINS: Final[dict[str, tuple[int, int]]] = {
    **dict.fromkeys(PREDICATES, (2, 2)),
    "count": (1, 2), "sum": (1, 2), "reduce": (2, 3), "sortBy": (2, 3),
    "len": (1, 1), "type": (1, 1), "abs": (1, 1), "ceil": (1, 1), "floor": (1, 1),
    "round": (1, 1), "int": (1, 1), "float": (1, 1), "string": (1, 1),
    "trim": (1, 2), "trimPrefix": (1, 2), "trimSuffix": (1, 2), "upper": (1, 1), "lower": (1, 1),
    "split": (2, 3), "splitAfter": (2, 3), "replace": (3, 4), "repeat": (2, 2), "join": (1, 2),
    "indexOf": (2, 2), "lastIndexOf": (2, 2), "hasPrefix": (2, 2), "hasSuffix": (2, 2),
    "max": (1, MANY), "min": (1, MANY), "mean": (1, MANY), "median": (1, MANY),
    "toJSON": (1, 1), "fromJSON": (1, 1), "toBase64": (1, 1), "fromBase64": (1, 1),
    "now": (0, 1), "duration": (1, 1), "date": (1, 3), "timezone": (1, 1),
    "first": (1, 1), "last": (1, 1), "get": (2, 2), "take": (2, 2), "keys": (1, 1),
    "values": (1, 1), "toPairs": (1, 1), "fromPairs": (1, 1), "reverse": (1, 1), "uniq": (1, 1),
    "concat": (1, MANY), "flatten": (1, 1), "sort": (1, 2),
    "bitand": (2, 2), "bitor": (2, 2), "bitxor": (2, 2), "bitnand": (2, 2), "bitnot": (1, 1),
    "bitshl": (2, 2), "bitshr": (2, 2), "bitushr": (2, 2),
}  # fmt: skip

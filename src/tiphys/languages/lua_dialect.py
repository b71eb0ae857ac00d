"""The Lua that scripts of `argocd-cm` are written in: gopher-lua's, which is 5.1 with `goto`.

Version 5.1 reads nearly all of them. What it cannot read is given to 5.2, which knows `goto` and
labels; there the names that 5.2 took away come back, and a backslash that it refuses in a string is
left out, as 5.1 and gopher-lua do. Finalizers, which 5.2 runs for tables and which no hook can end,
are not there.

Source: Lua 5.1 and 5.2 reference manuals; gopher-lua, "Differences between Lua and GopherLua".
"""

import re
from types import ModuleType
from typing import Any, Final, NamedTuple

import lupa.lua51
import lupa.lua52

ERRORS: Final = (lupa.lua51.LuaError, lupa.lua52.LuaError)
MEMORY_ERRORS: Final = (lupa.lua51.LuaMemoryError, lupa.lua52.LuaMemoryError)

_UNKNOWN_ESCAPE: Final = re.compile(r"(\\\\)|\\([^abfnrtvxz\\\"'\r\n0-9])")
_GOTO: Final = re.compile(r"\bgoto\b")

_AS_IN_5_1: Final = """
unpack, table.unpack, table.pack = table.unpack, nil, nil
table.getn = function(t) return #t end
table.maxn = function(t)
  local most = 0
  for key in next, t do if type(key) == "number" and key > most then most = key end end
  return most
end
math.mod, math.pow = math.fmod, function(x, y) return x ^ y end
string.gfind = string.gmatch
local set, get, raise, kind = setmetatable, rawget, error, type
setmetatable = function(t, meta)
  if kind(meta) == "table" and get(meta, "__gc") ~= nil then raise("__gc is not supported", 2) end
  return set(t, meta)
end
"""


class Loaded(NamedTuple):
    """A script in a runtime of its own.

    Attributes:
        lua: the version's module.
        code: the compiled script, called to run it.
    """

    lua: ModuleType
    runtime: Any
    code: Any


def load(script: str, *, max_bytes: int) -> Loaded:
    """Return a compiled script; nothing of it has run.

    Raises:
        lupa.LuaSyntaxError: no version can read it; in the words of 5.1.
    """
    runtime = _runtime(lupa.lua51, max_bytes)
    try:
        return Loaded(lupa.lua51, runtime, runtime.compile(script))
    except lupa.lua51.LuaSyntaxError:
        if _GOTO.search(script) is None:
            raise
        return _load_newer(script, max_bytes)


def _load_newer(script: str, max_bytes: int) -> Loaded:
    runtime = _runtime(lupa.lua52, max_bytes)
    readable = _UNKNOWN_ESCAPE.sub(lambda found: found[1] or found[2], script)
    code = runtime.compile(readable)
    runtime.execute(_AS_IN_5_1)
    return Loaded(lupa.lua52, runtime, code)


def _runtime(lua: ModuleType, max_bytes: int) -> Any:
    return lua.LuaRuntime(
        unpack_returned_tuples=False,
        register_eval=False,
        register_builtins=False,
        attribute_filter=_refuse_attribute,
        max_memory=max_bytes,
    )


def _refuse_attribute(_target: Any, name: Any, _is_setting: bool) -> Any:  # noqa: FBT001 - lupa's call
    raise AttributeError(name)

"""Lua scripts of `argocd-cm`: health checks, and anything else that maps an object to a table.

This runs in a worker process; see `interpreters`. Time is the CPU time of that process.

Every call gets a runtime of its own, so no script sees another's leavings, with these limits:
memory by the allocator, time by a hook that runs every few thousand instructions. After the time
limit the hook runs at every instruction, and `pcall` looks at the clock itself, because so deep in
the C stack that the hook cannot be called it would catch that error for ever. What gets around the
hook is not there: coroutines (hooks are per thread), `xpcall` (its handler runs with hooks off),
`debug`, loading of code, garbage collection. No hook runs inside a C function, such as those that
match patterns: only the end of the process ends these.

Source: Lua 5.1 reference manual; Argo CD operator manual, "Custom Health Checks".
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from tiphys.languages.lua_dialect import ERRORS, MEMORY_ERRORS, Loaded, load
from tiphys.model.errors import TiphysError

TIME_LIMIT_S: Final = 1.0
_MAX_BYTES: Final = 32 * 1024 * 1024
_MAX_DEPTH: Final = 64
_INSTRUCTIONS: Final = 5000  # between two looks at the clock

_PREPARE: Final = """
local is_expired, instructions = ...
local sethook, raise = debug.sethook, error
local function watch()
  if is_expired() then
    sethook(watch, "", 1)
    raise("time limit reached", 0)
  end
end
local attempt = pcall
local function settle(is_done, ...)
  if not is_done and is_expired() then raise("time limit reached", 0) end
  return is_done, ...
end
local libraries = {
  os = {time = os.time, date = os.date}, table = table, math = math, string = string,
}
string.dump = nil
local allowed = {
  _G = _G, _VERSION = _VERSION, assert = assert, error = error, getmetatable = getmetatable,
  ipairs = ipairs, next = next, pairs = pairs, rawequal = rawequal,
  rawget = rawget, rawset = rawset, select = select, setmetatable = setmetatable,
  tonumber = tonumber, tostring = tostring, type = type, unpack = unpack,
  print = function() end,
  pcall = function(...) return settle(attempt(...)) end,
  require = function(name)
    return libraries[name] or raise("module '" .. tostring(name) .. "' not found")
  end,
}
for name, library in pairs(libraries) do allowed[name] = library end
local globals, names = _G, {}
for name in next, globals do names[#names + 1] = name end
for i = 1, #names do globals[names[i]] = allowed[names[i]] end
globals.require = allowed.require
sethook(watch, "", instructions)
"""


class LuaError(TiphysError):
    """A script fails, exceeds its limits or returns something that it must not."""

    reason = "ScriptFailed"


class LuaTimeError(LuaError):
    """A script takes too long."""


def run(
    script: str,
    variables: Mapping[str, Any],
    *,
    time_limit_s: float = TIME_LIMIT_S,
) -> Any:
    """Return what a script returns, as JSON data.

    Args:
        script: see `lua_dialect`.
        variables: globals of the script, JSON data; it gets copies.
        time_limit_s: seconds of CPU time, > 0.

    Returns:
        The first value. A table with the keys 1..n becomes a list, any other a dict; an empty one
        becomes a dict, since Lua does not tell.

    Raises:
        LuaError: the script does not compile, fails, or exceeds a limit.
    """
    deadline = time.process_time() + time_limit_s

    def is_expired() -> bool:
        return time.process_time() > deadline

    try:
        loaded = load(script, max_bytes=_MAX_BYTES)
        loaded.runtime.execute(_PREPARE, is_expired, _INSTRUCTIONS)
        for name, value in variables.items():
            loaded.runtime.globals()[name] = _to_lua(loaded.runtime, value)
        return _from_lua(loaded, _first(loaded.code()))
    except UnicodeError as err:
        raise LuaError("returned text is no UTF-8", where="Lua script") from err
    except MEMORY_ERRORS as err:
        raise LuaError("memory limit exceeded", where="Lua script") from err
    except ERRORS as err:
        if is_expired():
            raise _too_long(time_limit_s) from err
        raise LuaError(_first_line(err), where="Lua script") from err


def _too_long(time_limit_s: float) -> LuaTimeError:
    return LuaTimeError(f"time limit of {time_limit_s:g} s exceeded", where="Lua script")


def _to_lua(runtime: Any, value: Any) -> Any:
    if isinstance(value, dict | list):
        return runtime.table_from(value, recursive=True)
    return value


def _first(result: Any) -> Any:
    return result[0] if isinstance(result, tuple) else result


def _from_lua(loaded: Loaded, value: Any, depth: int = 0) -> Any:
    if loaded.lua.lua_type(value) == "table":
        if depth > _MAX_DEPTH:
            raise LuaError("returned tables are nested too deeply", where="Lua script")
        return _table(loaded, value, depth + 1)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    name = loaded.lua.lua_type(value) or "userdata"
    raise LuaError(f"cannot return a {name}", where="Lua script")


def _table(loaded: Loaded, table: Any, depth: int) -> Any:
    items = list(table.items())
    keys = [key for key, _ in items]
    if keys and sorted(map(str, keys)) == sorted(str(i) for i in range(1, len(keys) + 1)):
        return [_from_lua(loaded, table[index], depth) for index in range(1, len(keys) + 1)]
    return {str(_from_lua(loaded, key)): _from_lua(loaded, value, depth) for key, value in items}


def _first_line(err: Exception) -> str:
    return str(err).split("\nstack traceback", 1)[0].replace("\n", " ")[:256]

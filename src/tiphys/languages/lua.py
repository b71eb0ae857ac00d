"""Lua scripts of `argocd-cm`: health checks, and anything else that maps an object to a table.

This runs in a worker process; see `interpreters`. Time is the CPU time of that process.

Every call gets a runtime of its own, so no script sees another's leavings, with these limits:
memory by the allocator, time by a hook that runs every few thousand instructions. After the time
limit the hook runs at every instruction, and `pcall` looks at the clock itself, because so deep in
the C stack that the hook cannot be called it would catch that error for ever. What gets around the
hook is not there: coroutines (hooks are per thread), `xpcall` (its handler runs with hooks off),
`debug`, loading of code, garbage collection. No hook runs inside a C function: the patterns of the
string library, open on request only, have no time limit.

Source: Lua 5.1 reference manual; Argo CD operator manual, "Custom Health Checks".
"""

import time
from collections.abc import Mapping
from typing import Any, Final

import lupa.lua51

from tiphys.model.errors import TiphysError

TIME_LIMIT_S: Final = 1.0
_MAX_BYTES: Final = 32 * 1024 * 1024
_MAX_DEPTH: Final = 64
_INSTRUCTIONS: Final = 5000  # between two looks at the clock

_PREPARE: Final = """
local is_expired, has_open_libs, instructions = ...
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
if not has_open_libs then
  for _, name in ipairs({"find", "match", "gmatch", "gsub", "gfind"}) do string[name] = nil end
end
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
    use_open_libs: bool = False,
    time_limit_s: float = TIME_LIMIT_S,
) -> Any:
    """Return what a script returns, as JSON data.

    Args:
        script: Lua 5.1.
        variables: globals of the script, JSON data; it gets copies.
        use_open_libs: whether the pattern functions of the string library are there.
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

    runtime = _runtime()
    try:
        code = runtime.compile(script)
        runtime.execute(_PREPARE, is_expired, use_open_libs, _INSTRUCTIONS)
        for name, value in variables.items():
            runtime.globals()[name] = _to_lua(runtime, value)
        return _from_lua(_first(code()))
    except UnicodeError as err:
        raise LuaError("returned text is no UTF-8", where="Lua script") from err
    except lupa.lua51.LuaMemoryError as err:
        raise LuaError("memory limit exceeded", where="Lua script") from err
    except (lupa.lua51.LuaError, lupa.lua51.LuaSyntaxError) as err:
        if is_expired():
            raise _too_long(time_limit_s) from err
        raise LuaError(_first_line(err), where="Lua script") from err


def _too_long(time_limit_s: float) -> LuaTimeError:
    return LuaTimeError(f"time limit of {time_limit_s:g} s exceeded", where="Lua script")


def _runtime() -> Any:
    return lupa.lua51.LuaRuntime(
        unpack_returned_tuples=False,
        register_eval=False,
        register_builtins=False,
        attribute_filter=_refuse_attribute,
        max_memory=_MAX_BYTES,
    )


def _refuse_attribute(_target: Any, name: Any, _is_setting: bool) -> Any:  # noqa: FBT001 - lupa's call
    raise AttributeError(name)


def _to_lua(runtime: Any, value: Any) -> Any:
    if isinstance(value, dict | list):
        return runtime.table_from(value, recursive=True)
    return value


def _first(result: Any) -> Any:
    return result[0] if isinstance(result, tuple) else result


def _from_lua(value: Any, depth: int = 0) -> Any:
    if lupa.lua51.lua_type(value) == "table":
        if depth > _MAX_DEPTH:
            raise LuaError("returned tables are nested too deeply", where="Lua script")
        return _table(value, depth + 1)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise LuaError(f"cannot return a {_lua_type(value)}", where="Lua script")


def _table(table: Any, depth: int) -> Any:
    items = list(table.items())
    keys = [key for key, _ in items]
    if keys and sorted(map(str, keys)) == sorted(str(i) for i in range(1, len(keys) + 1)):
        return [_from_lua(table[index], depth) for index in range(1, len(keys) + 1)]
    return {str(_from_lua(key)): _from_lua(value, depth) for key, value in items}


def _lua_type(value: Any) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "table"}
    return names.get(type(value)) or str(lupa.lua51.lua_type(value) or "userdata")


def _first_line(err: Exception) -> str:
    return str(err).split("\nstack traceback", 1)[0].replace("\n", " ")[:256]

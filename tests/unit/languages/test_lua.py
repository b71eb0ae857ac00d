import time
from typing import Any

import pytest

from tiphys.languages.health import health_of
from tiphys.languages.lua import LuaError, run
from tiphys.model.application import HealthStatus
from tiphys.model.words import HealthStatusCode as Code

READY = """
hs = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for i, condition in ipairs(obj.status.conditions) do
    if condition.type == "Ready" and condition.status == "True" then
      hs.status = "Healthy"
      hs.message = condition.message
      return hs
    end
  end
end
hs.status = "Progressing"
hs.message = "Waiting"
return hs
"""


@pytest.mark.parametrize(
    ("script", "live", "expected"),
    [
        pytest.param(
            READY,
            {"status": {"conditions": [{"type": "Ready", "status": "True", "message": "grün"}]}},
            HealthStatus(status=Code.HEALTHY, message="grün"),
            id="a script reads lists and text of the object",
        ),
        pytest.param(
            READY,
            {"status": None},
            HealthStatus(status=Code.PROGRESSING, message="Waiting"),
            id="null is nil",
        ),
        pytest.param("return nil", {}, None, id="nil is no health"),
        pytest.param("return {}", {}, None, id="an empty table is no health"),
        pytest.param(
            'return {status = "Fine"}',
            {},
            HealthStatus(status=Code.UNKNOWN, message="Lua returned an invalid health status"),
            id="a made-up status is Unknown",
        ),
        pytest.param(
            'return {status = "Healthy", message = require("os").date("!%Y", 0)}',
            {},
            HealthStatus(status=Code.HEALTHY, message="1970"),
            id="os can be required and knows dates",
        ),
    ],
)
def test_health_scripts(script: str, live: dict[str, Any], expected: HealthStatus | None) -> None:
    assert health_of(run(script, {"obj": live})) == expected


def test_a_script_that_returns_no_table_says_what_it_returned() -> None:
    with pytest.raises(LuaError, match="expect table output from Lua script, not string"):
        health_of(run('return "Healthy"', {"obj": {}}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("{1, 2.5, 'x', true}", [1, 2.5, "x", True], id="1..n is a list"),
        pytest.param("{a = {b = {}}}", {"a": {"b": {}}}, id="empty is a map"),
        pytest.param("{[1] = 'a', [3] = 'b'}", {"1": "a", "3": "b"}, id="holes make a map"),
        pytest.param("obj", {"n": 3, "l": ["x"]}, id="the object comes back as it went in"),
    ],
)
def test_tables_become_json_data(value: str, expected: Any) -> None:
    assert run(f"return {value}", {"obj": {"n": 3, "l": ["x"]}}) == expected


@pytest.mark.parametrize(
    "name",
    [
        "io",
        "debug",
        "python",
        "coroutine",
        "xpcall",
        "load",
        "loadstring",
        "dofile",
        "loadfile",
        "getfenv",
        "setfenv",
        "collectgarbage",
        "newproxy",
        "module",
        "package",
        "os.execute",
        "os.getenv",
        "os.remove",
        "string.dump",
        "string.gsub",
        "getmetatable('').__index.find",
    ],
)
def test_what_reaches_out_or_around_the_limits_is_not_there(name: str) -> None:
    assert run(f"return {name} == nil", {}) is True


def test_open_libs_add_patterns() -> None:
    assert run('return ("a-b"):gsub("-", "+")', {}, use_open_libs=True) == "a+b"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("while true do end", id="an endless loop"),
        pytest.param(
            "while true do pcall(function() while true do end end) end",
            id="one that catches its own death",
        ),
        pytest.param(
            "local function f() pcall(f) while true do pcall(f) end end f()",
            id="one that catches it at every depth",
        ),
        pytest.param(
            "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
            id="one inside a metamethod",
        ),
    ],
)
def test_a_script_ends_at_its_time_limit(script: str) -> None:
    started_at = time.monotonic()

    with pytest.raises(LuaError, match=r"time limit of 0\.02 s exceeded"):
        run(script, {}, time_limit_s=0.02)

    assert time.monotonic() - started_at < 1


def test_a_script_ends_at_its_memory_limit() -> None:
    with pytest.raises(LuaError, match="memory limit exceeded"):
        run('local s = "x" while true do s = s .. s end', {})


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param("x x", "'=' expected near 'x'", id="bad syntax"),
        pytest.param("error('no luck')", "no luck", id="an error of its own"),
        pytest.param("return obj.spec.replicas", "attempt to index field 'spec'", id="a nil field"),
        pytest.param("return function() end", "cannot return a function", id="a function"),
        pytest.param("local t = {} t[1] = t return t", "nested too deeply", id="a table in itself"),
    ],
)
def test_failures_name_their_cause(script: str, message: str) -> None:
    with pytest.raises(LuaError, match=message):
        run(script, {"obj": {}})


def test_scripts_do_not_see_what_others_left() -> None:
    run("leftover = 1 table.leftover = 1", {})

    assert run("return leftover == nil and table.leftover == nil", {}) is True

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
    ],
)
def test_what_reaches_out_or_around_the_limits_is_not_there(name: str) -> None:
    assert run(f"return {name} == nil", {}) is True
    assert run(f"goto done ::done:: return {name} == nil", {}) is True


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param('return ("a-b"):gsub("-", "+")', "a+b", id="gsub"),
        pytest.param('return string.find("Waiting for x", "^Waiting")', 1, id="find"),
        pytest.param('return ("2026-01-02T03"):match("(%d+)T")', "02", id="match"),
        pytest.param(
            'local t = {} for w in ("a b"):gmatch("%a") do t[#t + 1] = w end return t',
            ["a", "b"],
            id="gmatch",
        ),
    ],
)
def test_patterns_are_there(script: str, expected: Any) -> None:
    assert run(script, {}) == expected


CONTINUE = """
local found = {}
for _, condition in ipairs(obj.status.conditions) do
  if condition.status ~= "True" then goto continue end
  local type = condition.type
  found[#found + 1] = type
  ::continue::
end
return found
"""


def test_goto_and_labels_are_understood() -> None:
    conditions = [
        {"type": "Synced", "status": "False"},
        {"type": "Ready", "status": "True"},
        {"type": "Valid", "status": "True"},
    ]

    assert run(CONTINUE, {"obj": {"status": {"conditions": conditions}}}) == ["Ready", "Valid"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("unpack({1, 2})", 1, id="unpack"),
        pytest.param("table.getn({1, 2, 3})", 3, id="table.getn"),
        pytest.param("table.maxn({1, nil, 3})", 3, id="table.maxn"),
        pytest.param("math.mod(7, 3)", 1, id="math.mod"),
        pytest.param("math.pow(2, 3)", 8, id="math.pow"),
        pytest.param('("a.b"):gsub("\\.", "-")', "---", id="an escape that means nothing"),
        pytest.param('("a\\\\.b")', "a\\.b", id="an escaped backslash before a dot"),
        pytest.param("{1, {2}}", [1, [2]], id="tables"),
        pytest.param("obj.n", 3, id="the object"),
    ],
)
def test_a_script_with_goto_has_what_any_script_has(expression: str, expected: Any) -> None:
    label = "goto done ::done:: "

    assert run(f"{label}return {expression}", {"obj": {"n": 3}}) == expected
    assert run(f"return {expression}", {"obj": {"n": 3}}) == expected


def test_no_finalizer_outlives_the_time_limit() -> None:
    script = "goto done ::done:: setmetatable({}, {__gc = function() while true do end end})"

    with pytest.raises(LuaError, match="__gc is not supported"):
        run(script, {})


def test_a_script_that_no_version_understands_is_told_so_in_the_words_of_the_first() -> None:
    with pytest.raises(LuaError, match="'end' expected"):
        run("if true then return 1", {})


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

    for text in (script, f"goto begin ::begin:: {script}"):
        with pytest.raises(LuaError, match=r"time limit of 0\.02 s exceeded"):
            run(text, {}, time_limit_s=0.02)

    assert time.monotonic() - started_at < 2


def test_a_script_ends_at_its_memory_limit() -> None:
    script = 'local s = "x" while true do s = s .. s end'
    for text in (script, f"goto begin ::begin:: {script}"):
        with pytest.raises(LuaError, match="memory limit exceeded"):
            run(text, {})


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

"""Log lines have connecting ids, and nothing personal. Runs in a process of its own: logging is global."""

import json
import subprocess
import sys
from typing import Any

import pytest
from oslira_shared.observability.scrub import PERSONAL

_PROGRAM = """
import logging, sys, structlog
from asyncpg import UniqueViolationError
from oslira_shared.observability import logs, scrub
from pydantic import BaseModel, TypeAdapter, ValidationError

logs.configure("analysis")
log = structlog.get_logger()
structlog.contextvars.bind_contextvars(run_id="run-1", account_id="account-1", request_id="request-1")
log.info("scored", score=7)
log.info("personal", **{key: "jane.doe" for key in sorted(scrub.PERSONAL)})
log.info("nested", details={"email": "jane.doe", "deep": [{"username": "jane.doe", "kept": 1}]})
structlog.contextvars.bind_contextvars(username="jane.doe")
log.info("bound")
structlog.contextvars.unbind_contextvars("username")
try:
    raise ValueError("went wrong")
except ValueError:
    log.exception("failed")
try:
    TypeAdapter(list[int]).validate_python(["jane.doe\\n, jane", 1, "Jane, jane.doe"])
except ValidationError as error:
    log.exception("mistyped", reason=str(error))
try:
    raise UniqueViolationError.new({"C": "23505", "M": "duplicate key", "D": "Key (email)=(jane.doe) already exists."})
except UniqueViolationError as error:
    log.exception("doubled", reason=str(error))
log.debug("too fine")
logging.getLogger("httpx").info("GET https://api.example/jane.doe")
logging.getLogger("asyncpg").warning("a library warns")
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    ended = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    assert "jane" not in ended.stdout.lower()
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_every_line_is_one_json_object_with_time_level_and_service(lines: list[dict[str, Any]]) -> None:
    assert [line["event"] for line in lines] == [
        "scored",
        "personal",
        "nested",
        "bound",
        "failed",
        "mistyped",
        "doubled",
        "a library warns",
    ]
    for line in lines:
        assert line["timestamp"].endswith("Z")
        assert line["level"] in {"info", "warning", "error"}
        assert line["service"] == "analysis"


def test_ids_are_on_every_line(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        ids = {"run_id": "run-1", "account_id": "account-1", "request_id": "request-1"}
        assert ids.items() <= line.items()
    assert lines[0]["score"] == 7


def test_personal_keys_are_left_out_wherever_they_are(lines: list[dict[str, Any]]) -> None:
    assert {lines[1][key] for key in PERSONAL} == {"[redacted]"}
    assert lines[2]["details"] == {
        "email": "[redacted]",
        "deep": [{"username": "[redacted]", "kept": 1}],
    }
    assert lines[3]["username"] == "[redacted]"


def test_a_traceback_is_text_in_its_line(lines: list[dict[str, Any]]) -> None:
    assert "ValueError: went wrong" in lines[4]["exception"]
    assert "\n" in lines[4]["exception"]


def test_an_errors_text_says_what_was_wrong_but_not_with_which_value(lines: list[dict[str, Any]]) -> None:
    for text in (lines[5]["exception"], lines[5]["reason"]):
        assert "type=int_parsing, input_value=[redacted], input_type=str" in text
    for text in (lines[6]["exception"], lines[6]["reason"]):
        assert "duplicate key" in text

"""How commands end: one exit status for each kind of failure, and after Ctrl-C what goes on."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from oslira_cli.card import card
from oslira_cli.extensions import NoDeployment
from oslira_cli.failures import Exit, Unfinished, exits_on_failure
from oslira_client import ApiError
from rich.console import Console

RUN_ID = "0198f2c0-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoDeployment("no stack"), Exit.USAGE),
        (ApiError(402, {"code": "insufficient_credits"}), Exit.REFUSED),
        (ApiError(503, {"code": "unavailable"}), Exit.UNREACHABLE),
        (httpx.ConnectError("refused"), Exit.UNREACHABLE),
        (Unfinished("not within 60 s"), Exit.UNFINISHED),
    ],
    ids=["no-deployment", "refused", "server-error", "no-answer", "unfinished"],
)
def test_each_kind_of_failure_has_its_exit_status(error: Exception, status: Exit) -> None:
    with pytest.raises(typer.Exit) as ended, exits_on_failure():
        raise error
    assert ended.value.exit_code == status


def test_the_readme_lists_every_exit_status() -> None:
    page = (Path(__file__).parents[1] / "README.md").read_text()
    assert [int(found) for found in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)] == list(Exit)


def shown(run: dict[str, Any], **options: Any) -> str:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(card(run, **options))
    return captured.get()


def a_run(**result: Any) -> dict[str, Any]:
    found = {
        "score": 80,
        "summary": "Fits.",
        "parts": {},
        "reasons": [],
        "red_flags": [],
        "confidence": "high",
    }
    return {
        "username": "nasa",
        "status": "completed",
        "credits": {"held": 0, "charged": 2, "released": 0},
        "result": {**found, **result},
    }


def test_the_card_shows_the_messages_to_send() -> None:
    outreach = {"dm": "Hello from us.", "email": {"subject": "An idea", "body": "Dear NASA."}}
    text = shown(a_run(outreach=outreach))
    for part in ("Direct message", "Hello from us.", "E-mail: An idea", "Dear NASA."):
        assert part in text
    assert "Direct message" not in shown(a_run())
    assert "No message could be supported" in shown(a_run(outreach={"dm": None, "email": None}))


def test_the_card_of_an_earlier_analysis_says_that_nothing_was_charged() -> None:
    assert "2 credits charged" in shown(a_run())
    returned = shown(a_run(), is_returned=True)
    assert "returned, nothing charged" in returned
    assert "2 credits charged" not in returned


class _Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Deployment)
        self.is_followed = threading.Event()


class _Deployment(BaseHTTPRequestHandler):
    """Accepts an analysis whose events never come."""

    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        if self.path.startswith("/v1/business-profiles"):
            profile = dict.fromkeys(("description", "industry", "language", "offer", "tone"))
            profile |= {"business_profile_id": RUN_ID, "name": "Us", "ideal_customer": {}, "version": 1}
            profile |= {"created_at": "2026-11-29T00:00:00Z", "updated_at": "2026-11-29T00:00:00Z"}
            self._answer(200, {"items": [profile], "next_cursor": None})
        else:
            self.server.is_followed.set()
            self._answer(503, {"code": "unavailable", "detail": "away"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        accepted = {"run_id": RUN_ID, "status": "queued", "poll_url": "", "events_url": ""}
        self._answer(202, accepted)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the library's name
        """Nothing."""


@pytest.fixture
def deployment() -> Generator[_Server]:
    with _Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def _sigint_is_taken() -> Generator[None]:
    """A shell's background job ignores SIGINT, and so would the command that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_sigint_is_taken")
def test_ctrl_c_says_which_run_goes_on_and_how_to_cancel_it(deployment: _Server) -> None:
    url = f"http://127.0.0.1:{deployment.server_port}"
    with subprocess.Popen(
        [sys.executable, "-m", "oslira_cli", "analyze", "nasa", "--url", url, "--token", "x"],
        env={"PATH": os.environ["PATH"], "OSLIRA_DATA_DIR": "/nonexistent/oslira"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert deployment.is_followed.wait(timeout=30)
        time.sleep(0.2)  # until the command has seen the answer
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=15)
    assert process.returncode == Exit.INTERRUPTED, errors
    assert f"run {RUN_ID} goes on" in errors
    assert f"oslira cancel {RUN_ID}" in errors
    assert "the deployment does not answer" in errors


def test_the_version_is_shown() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "oslira_cli", "--version"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert re.fullmatch(r"oslira \d+\.\d+\.\d+\n", ran.stdout)

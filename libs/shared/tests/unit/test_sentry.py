"""Sentry gets what an operator must act on, once, scrubbed. Runs in a process of its own: logging is global."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from oslira_devstack.sentry_ingest import SentryIngest
from oslira_shared.errors import OsliraError
from oslira_shared.observability.sentry import CRITICAL, MOST_AN_HOUR, SAME_AGAIN_S, Rate, is_passing

_ROOT: Final = Path(__file__).parents[4]
_PROGRAM: Final = """
import os, structlog
from oslira_shared.errors import OsliraError
from oslira_shared.observability import logs, sentry

logs.configure("billing")
logs.tell(lambda line: 1 / 0)  # who listens badly harms neither the line nor who listens well
logs.tell(sentry.start(os.environ["DSN"], "staging"))
log = structlog.get_logger()
structlog.contextvars.bind_contextvars(run_id="run-1", account_id="account-1", trace_id="ab" * 16)

def failing(error, event, **fields):
    username = "jane.doe"
    try:
        raise error
    except Exception:
        log.exception(event, **fields)

for _ in range(50):
    failing(KeyError("jane.doe"), "responder_failed", subject="billing.rpc.checkout", username="jane.doe")
failing(ValueError("jane.doe@mail.example"), "responder_failed", subject="billing.rpc.portal")
failing(ConnectionRefusedError("postgres"), "loop_failed", loop="sweep")
failing(OsliraError("unavailable", "no bus"), "loop_failed", loop="sweep")
log.error("request_failed", code="unavailable")
log.error("actor_overdue", scrape_id="scrape-1")
log.warning("model_busy", reason="429")
log.error("reconciliation_mismatch", what="missing", ref="sub:jane.doe", detail="jane.doe")
log.info("run_ended")
sentry.flush()
"""


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    with SentryIngest() as ingest:
        environment = {**os.environ, "DSN": ingest.dsn}
        subprocess.run(
            [sys.executable, "-c", _PROGRAM], env=environment, stdout=subprocess.DEVNULL, check=True
        )
        texts = [envelope.decode() for envelope in ingest.envelopes]
    assert not any("jane" in text for text in texts)
    items = [json.loads(line) for text in texts for line in text.splitlines() if line.startswith("{")]
    return [item for item in items if "level" in item]


def test_what_a_person_must_act_on_is_sent_once_and_outages_are_not(events: list[dict[str, Any]]) -> None:
    reported = [
        (event["tags"]["event"], *[e["type"] for e in event.get("exception", {}).get("values", [])])
        for event in events
    ]
    assert reported == [
        ("responder_failed", "KeyError"),
        ("responder_failed", "ValueError"),
        ("reconciliation_mismatch",),
    ]


def test_an_event_says_where_and_whose_by_ids_of_ours(events: list[dict[str, Any]]) -> None:
    event = events[0]
    assert event["environment"] == "staging"
    assert event["tags"]["service"] == "billing"
    assert {"run_id": "run-1", "account_id": "account-1", "trace_id": "ab" * 16}.items() <= event[
        "tags"
    ].items()
    frames = event["exception"]["values"][0]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "failing"
    assert not {"request", "user", "breadcrumbs", "extra", "modules"} & event.keys()
    assert not any("vars" in frame for frame in frames)


def test_every_critical_event_is_one_that_is_logged() -> None:
    sources = "\n".join(
        path.read_text()
        for folder in ("libs/shared/oslira_shared", "services")
        for path in sorted((_ROOT / folder).rglob("*.py"))
        if "tests" not in path.parts and path.name != "sentry.py"
    )
    logged = set(re.findall(r"\.(?:error|exception|critical)\(\s*\"([a-z_]+)\"", sources))
    assert set(CRITICAL) <= logged


def test_the_same_again_waits_and_all_together_are_bounded() -> None:
    now_s = [0.0]
    rate = Rate(lambda: now_s[0])
    assert [rate.allows("a") for _ in range(3)] == [True, False, False]
    now_s[0] = SAME_AGAIN_S
    assert rate.allows("a")
    assert sum(rate.allows(str(number)) for number in range(100)) == MOST_AN_HOUR - 2
    now_s[0] = SAME_AGAIN_S + 3600
    assert rate.allows("b")


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (None, False),
        (ValueError(), False),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (OsliraError("unavailable", "x"), True),
        (OsliraError("internal", "x"), False),
    ],
    ids=["none", "bug", "timeout", "reset", "away", "internal"],
)
def test_an_outage_is_no_incident_of_sentrys(error: BaseException | None, passes: bool) -> None:  # noqa: FBT001
    assert is_passing(error) is passes

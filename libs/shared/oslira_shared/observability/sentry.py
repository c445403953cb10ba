"""Sends to Sentry what an operator must act on, once, and nothing else. Only where SENTRY_DSN is set.

All details are in log lines; those named in CRITICAL are also sent. Nothing else is: no integration of Sentry's own, no
breadcrumbs, no sessions. scrub.py decides what an event may contain.
"""

import atexit
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

import sentry_sdk
from nats.errors import Error as NatsError
from sentry_sdk.utils import exceptions_from_error_tuple

from oslira_shared.errors import OsliraError
from oslira_shared.observability.scrub import scrub_event
from oslira_shared.postgres.again import AWAY as DATABASE_AWAY

# A log line's event → what the operator on call must decide. Outages are not here: they pass, and alerts cover them.
CRITICAL: Final[Mapping[str, str]] = {
    # The process itself.
    "process_died": "a bug, or a setting that no start should have passed",
    "bus_refused": "a credential that isn't this service's",
    "bus_closed_for_good": "a client that closed permanently, which ours never should",
    # A bug: an unexpected error was raised.
    "request_failed": "a request was answered 500",
    "responder_failed": "another service was answered `internal`",
    "loop_failed": "a background loop raised",
    "work_failed": "work on a row raised an error; it is retried, and then fails",
    "job_crashed": "a job raised; its slot is tried again",
    "bulk_not_closed": "a bulk can't be closed",
    "message_malformed": "two versions of a contract are in use",
    "model_has_no_price": "costs are booked wrongly until the price table knows the model",
    # Money.
    "event_failed": "an event of Stripe raised an error; it is retried, and then dead",
    "event_refused": "an event of Stripe is dead: its objects contradict each other, or its account is unknown",
    "event_waited_too_long": "an event of Stripe is dead: the event it waits for never arrived",
    "hold_not_settled": "a hold can't be settled",
    "outcome_exceeds_hold": "more was delivered than was held for",
    "reconciliation_mismatch": "grants aren't what was paid for",
    # Keys.
    "webhook_secret_unreadable": "a key of WEBHOOK_SECRETS_KEY is missing",
    "challenge_not_answered": "the anonymous challenge is set up wrongly",
}
# The same event again within this time is the same incident.
SAME_AGAIN_S: Final = 600.0
MOST_AN_HOUR: Final = 30
_PASSING: Final = (*DATABASE_AWAY, NatsError)
_PASSING_CODES: Final = frozenset({"unavailable", "timeout", "provider_unavailable"})
_FLUSH_S: Final = 2.0
_TAGS: Final = frozenset(
    {
        "service", "run_id", "account_id", "request_id", "trace_id", "hold_id", "event_id", "row_id", "scrape_id", "bulk_id",
        "endpoint_id", "code", "subject", "consumer", "loop", "job", "table",
    }
)  # fmt: skip


class Rate:
    """At most one of a kind in SAME_AGAIN_S, and MOST_AN_HOUR in total. `clock_s` must be monotonic."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._last_s: dict[str, float] = {}
        self._sent_s: list[float] = []

    def allows(self, kind: str) -> bool:
        """Whether one of this kind may be sent now; if so, it is counted."""
        now_s = self._clock_s()
        self._sent_s = [at for at in self._sent_s if now_s - at < 3600]  # noqa: PLR2004  # an hour
        if len(self._sent_s) >= MOST_AN_HOUR or now_s - self._last_s.get(kind, -SAME_AGAIN_S) < SAME_AGAIN_S:
            return False
        self._last_s[kind] = now_s
        self._sent_s.append(now_s)
        return True


def start(dsn: str, env: str) -> Callable[[MutableMapping[str, Any]], None]:
    """Connect this process. The returned function receives every log line's event before anything is removed from it."""
    sentry_sdk.init(
        dsn=dsn,
        environment=env,
        default_integrations=False,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_default_pii=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        max_request_body_size="never",
        before_send=scrub_event,
        shutdown_timeout=_FLUSH_S,
    )
    atexit.register(flush)
    rate = Rate(time.monotonic)

    def hear(line: MutableMapping[str, Any]) -> None:
        name = str(line.get("event"))
        if name not in CRITICAL:
            return
        error = _error_of(line)
        if is_passing(error) or (line.get("code") or "internal") in _PASSING_CODES:
            return
        kind = f"{name}:{type(error).__name__ if error else ''}"
        if not rate.allows(kind):
            return
        event: Any = {
            "level": "fatal" if name == "process_died" else "error",
            "logger": "oslira",
            "logentry": {"message": f"{name}: {CRITICAL[name]}"},
            "fingerprint": [kind],
            "tags": {"event": name, **{key: str(line[key]) for key in _TAGS if line.get(key) is not None}},
        }
        if error is not None:
            values = exceptions_from_error_tuple((type(error), error, error.__traceback__))
            event["exception"] = {"values": values}
        sentry_sdk.capture_event(event)
        if name == "process_died":
            flush()

    return hear


def flush() -> None:
    """Send what is queued; at most two seconds."""
    sentry_sdk.flush(timeout=_FLUSH_S)


def is_passing(error: BaseException | None) -> bool:
    """Whether it is an outage, or follows from one: that passes without an operator, and alerts cover it."""
    return isinstance(error, _PASSING) or (isinstance(error, OsliraError) and error.code in _PASSING_CODES)


def _error_of(line: Mapping[str, Any]) -> BaseException | None:
    given = line.get("exc_info")
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1]
    return sys.exc_info()[1] if given else None

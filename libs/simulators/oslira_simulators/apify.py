"""The part of Apify's API that a scrape needs: start a run, watch it, abort it, read its items and its input."""

import asyncio
import contextlib
import time
from datetime import datetime
from typing import Any, TypeVar

from oslira_simulators.apify_faults import ENDS_AS, faulty_items, start_refusal
from oslira_simulators.apify_runs import READY_SHARE, USD_PER_PROFILE, ActorRun, ActorRuns
from oslira_simulators.counters import Counters
from oslira_simulators.faults import APIFY_KINDS, Fault
from oslira_simulators.latency import Latencies
from oslira_simulators.profiles import Profiles
from oslira_simulators.routes import Route
from oslira_simulators.wire import Call, Reply, json_reply

T = TypeVar("T")
_LONGEST_WAIT_S = 60
_LONGEST_LIST = 1000
_MISSING_FOR_S = 5.0  # how long after its start a run_missing_once can't be read
_ERROR_TYPES = {
    400: "invalid-input",
    401: "user-or-token-not-found",
    402: "not-enough-usage-to-run-paid-actor",
    403: "insufficient-permissions",
    404: "record-not-found",
    429: "rate-limit-exceeded",
}


class Apify:
    name = "apify"

    def __init__(self, *, profiles: Profiles, latencies: Latencies, counters: Counters) -> None:
        self.runs = ActorRuns()
        self._profiles = profiles
        self._latencies = latencies
        self._counters = counters
        self.routes = (
            # /v2/acts is what clients before version 2 call
            *(
                Route("POST", f"/v2/{actors}/{{}}/runs", self.start, APIFY_KINDS)
                for actors in ("actors", "acts")
            ),
            *(Route("GET", f"/v2/{actors}/{{}}/runs", self.list_runs) for actors in ("actors", "acts")),
            Route("GET", "/v2/actor-runs", self.list_runs),
            Route("GET", "/v2/actor-runs/{}", self.run),
            Route("POST", "/v2/actor-runs/{}/abort", self.abort),
            Route("GET", "/v2/actor-runs/{}/dataset/items", self.items),
            Route("GET", "/v2/actor-runs/{}/key-value-store/records/{}", self.record),
            Route("GET", "/v2/datasets/{}/items", self.items),
            Route("GET", "/v2/key-value-stores/{}/records/{}", self.record),
        )

    def refuse(self, call: Call) -> Reply | None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ") or call.asked("token")
        return (
            None
            if token.strip()
            else self.error(401, "User was not found or authentication token is not valid")
        )

    def username_of(self, call: Call) -> str | None:
        if call.method == "POST" and call.path.endswith("/runs"):
            with contextlib.suppress(ValueError):
                return next(iter(_usernames(call.json())), None)
            return None
        parts = call.path.split("/")
        run = self._run_of(parts[3]) if len(parts) > 3 else None
        return run.usernames[0] if run and run.usernames else None

    def error(self, status: int, message: str) -> Reply:
        error_type = _ERROR_TYPES.get(status, "internal-server-error")
        return json_reply({"error": {"type": error_type, "message": message}}, status)

    async def start(self, call: Call) -> Reply:
        """A run per request: the real start isn't idempotent either."""
        if refusal := start_refusal(call.fault):
            return refusal
        run = self._new_run(call)
        self.runs.add(run)
        for username in run.usernames or ("",):
            self._counters.apify_starts.add(username)
        self._counters.apify_max_running = max(self._counters.apify_max_running, self.runs.running())
        wait_s = call.asked_int("waitForFinish", 0)
        await _wait_until_over(run, wait_s)
        # A start that doesn't wait reports its creation time, however late it is stored.
        return json_reply({"data": run.details(time.time() if wait_s else run.started_at_s)}, 201)

    async def run(self, call: Call) -> Reply:
        run = self.runs.get(call.segments[0])
        if run is None or time.time() < run.readable_at_s:
            return self._no_run()
        await _wait_until_over(run, call.asked_int("waitForFinish", 0))
        return json_reply({"data": run.details(time.time())})

    async def abort(self, call: Call) -> Reply:
        """Aborting a run that is over or aborting changes nothing and is no error, as with Apify."""
        run = self.runs.get(call.segments[0])
        if run is None:
            return self._no_run()
        if run.abort(time.time()):
            for username in run.usernames or ("",):
                self._counters.apify_aborts.add(username)
        return json_reply({"data": run.details(time.time())})

    async def list_runs(self, call: Call) -> Reply:
        now_s = time.time()
        actor = call.segments[0] if call.segments else None
        statuses = set(filter(None, call.asked("status").split(",")))
        after_s, before_s = (
            _moment(call.asked("startedAfter"), 0),
            _moment(call.asked("startedBefore"), now_s + 1),
        )
        found = [
            run
            for run in self.runs.oldest_first()
            if (actor is None or run.actor == actor)
            and (not statuses or run.status(now_s) in statuses)
            and after_s <= run.started_at_s <= before_s
        ]
        page, paging = _page(call, found)
        return json_reply({"data": {**paging, "items": [run.summary(now_s) for run in page]}})

    async def items(self, call: Call) -> Reply:
        run = self._run_of(call.segments[0])
        if run is None:
            return self.error(404, "Dataset was not found")
        page, paging = _page(call, run.results(time.time()))
        only, without = call.asked("fields"), call.asked("omit")
        if only:
            page = [{key: item[key] for key in only.split(",") if key in item} for item in page]
        if without:
            page = [
                {key: value for key, value in item.items() if key not in without.split(",")} for item in page
            ]
        headers = {
            f"X-Apify-Pagination-{name.capitalize()}": str(value).lower() for name, value in paging.items()
        }
        return json_reply(page, headers=headers)

    async def record(self, call: Call) -> Reply:
        run = self._run_of(call.segments[0])
        if run is None or call.segments[1] != "INPUT":
            return self.error(404, "Record was not found")
        return Reply(200, run.input_body, content_type=run.input_type)

    def _run_of(self, some_id: str) -> ActorRun | None:
        return self.runs.get(some_id) or self.runs.of_storage(some_id)

    def _no_run(self) -> Reply:
        return self.error(404, "Actor run was not found")

    def _new_run(self, call: Call) -> ActorRun:
        usernames = tuple(_usernames(call.json()))
        drawn = self._latencies.draw("scrape", username=",".join(usernames), label=call.segments[0])
        timeout_s = call.asked_int("timeout", 0)
        times_out = 0 < timeout_s < drawn.duration_s
        takes_s = timeout_s if times_out else drawn.duration_s
        fault = call.fault
        kind = fault.kind if fault else ""
        max_items = call.asked_int("maxItems", 0) or None
        max_charge_usd = float(call.asked("maxTotalChargeUsd") or 0) or None
        started_at_s = time.time()
        run = ActorRun(
            actor=call.segments[0],
            usernames=usernames,
            input_body=call.body,
            input_type=call.headers.get("content-type", "application/json"),
            items=self._results(fault, usernames)[: _most_items(max_items, max_charge_usd)],
            started_at_s=started_at_s,
            running_at_s=started_at_s + takes_s * READY_SHARE,
            ends_at_s=started_at_s + takes_s,
            ends_as="TIMED-OUT" if times_out else ENDS_AS.get(kind, "SUCCEEDED"),
            timeout_s=timeout_s,
            memory_mbytes=call.asked_int("memory", 1024),
            max_items=max_items,
            max_charge_usd=max_charge_usd,
            user_agent=call.headers.get("user-agent", ""),
            spent_usd=fault.cost_usd if fault else 0.0,
        )
        if fault is not None and kind == "run_never_ends":
            run.never_end(is_ready_only=fault.run_status == "READY", abort_takes_s=fault.delay_s or 0.0)
        if fault is not None and kind == "run_missing_once":
            run.readable_at_s = started_at_s + (_MISSING_FOR_S if fault.delay_s is None else fault.delay_s)
        return run

    def _results(self, fault: Fault | None, usernames: tuple[str, ...]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        for username in usernames:
            odd = faulty_items(fault, username)
            items += [self._profiles.item(username)] if odd is None else odd
        return items


def _usernames(run_input: dict[str, Any]) -> list[str]:
    """Raises ValueError as the actor's input schema would."""
    usernames: object = run_input.get("usernames")
    if not isinstance(usernames, list) or not usernames:
        raise ValueError("Input is not valid: Field input.usernames is required")
    return [_bare(str(username)) for username in usernames]  # pyright: ignore[reportUnknownVariableType]


def _bare(username: str) -> str:
    """The actor takes names, @names and profile URLs."""
    return username.strip().rstrip("/").rsplit("/", 1)[-1].split("?")[0].removeprefix("@").lower()


def _most_items(max_items: int | None, max_charge_usd: float | None) -> int | None:
    affordable = None if max_charge_usd is None else int(max_charge_usd / USD_PER_PROFILE + 1e-9)
    limits = [limit for limit in (max_items, affordable) if limit is not None]
    return min(limits) if limits else None


async def _wait_until_over(run: ActorRun, wait_s: int) -> None:
    """Long polling, at most 60 s; an abort in the meantime is returned at once."""
    deadline_s = time.time() + min(wait_s, _LONGEST_WAIT_S)
    while (now_s := time.time()) < deadline_s and not run.is_over(now_s):  # noqa: ASYNC110 - an abort moves the end
        await asyncio.sleep(min(0.1, deadline_s - now_s, max(0.001, run.ends_at_s - now_s)))


def _page(call: Call, found: list[T]) -> tuple[list[T], dict[str, Any]]:
    is_descending = call.asked_flag("desc")
    offset, limit = call.asked_int("offset", 0), call.asked_int("limit", _LONGEST_LIST)
    page = list(reversed(found) if is_descending else found)[offset : offset + limit]
    return page, {
        "total": len(found),
        "offset": offset,
        "limit": limit,
        "count": len(page),
        "desc": is_descending,
    }


def _moment(text: str, default_s: float) -> float:
    return datetime.fromisoformat(text).timestamp() if text else default_s

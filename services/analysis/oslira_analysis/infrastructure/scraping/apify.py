"""The scraping actor on Apify, through its SDK.

The SDK's own retries are off everywhere: a start is a POST without an idempotency key, and retrying it starts another run.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar

from oslira_shared.deadline import within
from oslira_shared.outside_text import storable_json
from oslira_shared.retry_after import read_retry_after
from oslira_shared.secrets import Secret

from oslira_analysis.application.ports import (
    ActorEnd,
    ScraperBusy,
    StartedRun,
    StartRefused,
    StartUnknown,
)
from oslira_analysis.application.supplier_failures import Trouble
from oslira_analysis.infrastructure.singleflight import Singleflight

_ACTOR: Final = "apify/instagram-profile-scraper"
_TERMINAL: Final = frozenset({"SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED"})
# Apify's waitForFinish is at most a minute, about three times a usual scrape.
_LOOK_S: Final = 61
_MOST_ITEMS: Final = 20
# Apify's maximum page size of runs, and the number of pages that are searched.
_PAGE: Final = 1_000
_MOST_PAGES: Final = 100
# A requested start happens within its time limit or not at all: a later run belongs to another scrape.
_START_WINDOW: Final = timedelta(minutes=10)
# A run's cost is more than the charge per result: the platform's usage is added.
_MOST_TIMES_CHARGE: Final = 100
_NANO: Final = Decimal(1_000_000_000)
# Apify's reads are eventually consistent: a run can be missing for some seconds after its start.
_MISSING_FOR_S: Final = 30.0
_CHECK_AGAIN_S: Final = 1.0
# The headers of the last answer in this task, because the SDK's errors have none.
_RETRY_AFTER: ContextVar[float | None] = ContextVar("apify_retry_after", default=None)
_REQUEST_TIMEOUT: Final = 408
# Apify's error types from its OpenAPI document, which does not list their statuses.
_LIMITED: Final = ("memory-limit-exceeded", "concurrent-", "rate-limit-exceeded", "too-many-requests")
_USED_UP: Final = ("usage-limit", "not-enough-usage", "x402-", "payment-insufficient")
ResultT = TypeVar("ResultT")


class ApifyScraper:
    """Implements Scraper."""

    def __init__(
        self,
        *,
        token: Secret,
        api_url: str,
        actor_limit_s: float,
        request_timeout_s: float,
        most_charge_usd: Decimal,
    ) -> None:
        """`actor_limit_s` ends a run at Apify; `most_charge_usd` bounds what one may cost."""
        self._token = token
        self._api_url = api_url
        self._actor_limit = timedelta(seconds=actor_limit_s)
        self._timeout = timedelta(seconds=request_timeout_s)
        self._most_charge_usd = most_charge_usd
        self.client: Singleflight[Any] = Singleflight(self._make_client, key=token)

    async def start(self, username: str) -> str:
        client = await self.client.ready()

        try:
            run = await within(
                self._timeout.total_seconds(),
                client.actor(_ACTOR).start(
                    run_input={"usernames": [username]},
                    max_items=1,
                    max_total_charge_usd=self._most_charge_usd,
                    run_timeout=self._actor_limit,
                    timeout=self._timeout,
                ),
                call="apify_start",
            )
        except Exception as error:
            raise _start_failed(error) from error
        return str(run.id)

    async def probe(self) -> None:
        """Sends a free request. Raises ScraperBusy for an outage; a rejection counts as an answer."""
        client = await self.client.ready()
        try:
            listed = client.actor(_ACTOR).runs().list(limit=1, timeout=self._timeout)
            await within(self._timeout.total_seconds(), listed, call="apify_probe")
        except Exception as error:
            status = getattr(error, "status_code", None)
            if not isinstance(status, int) or status >= 500:  # noqa: PLR2004
                raise ScraperBusy(f"probe: {_name(error)}") from error

    async def list_started(self, *, since: datetime) -> list[StartedRun]:
        client = await self.client.ready()
        found: list[StartedRun] = []
        for page in range(_MOST_PAGES):
            # Oldest first: a run that starts meanwhile is added at the end, and does not shift the pages.
            listed = await self._busy(
                "list",
                lambda page=page: (
                    client.actor(_ACTOR)
                    .runs()
                    .list(
                        limit=_PAGE,
                        offset=page * _PAGE,
                        started_after=since,
                        started_before=since + _START_WINDOW,
                        timeout=self._timeout,
                    )
                ),
            )
            found += [StartedRun(str(run.id), str(run.default_key_value_store_id)) for run in listed.items]
            # A page may be shorter than requested: only an empty one is the end.
            if not listed.items or len(found) >= listed.total:
                return found[::-1]
        # Indistinguishable from a start that never happened: another attempt, without another start.
        raise ScraperBusy(f"list: more than {_MOST_PAGES * _PAGE} runs in {_START_WINDOW}")

    async def names_of(self, started: StartedRun) -> list[str]:
        client = await self.client.ready()

        async def look() -> list[str]:
            record = await client.key_value_store(started.store_id).get_record("INPUT", timeout=self._timeout)
            value = record["value"] if record else None
            return list(value.get("usernames") or []) if isinstance(value, dict) else []

        return await self._busy("input", look)

    async def wait(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:
        client = await self.client.ready()
        clock_s = asyncio.get_running_loop().time
        until_s, missing_until_s = clock_s() + at_most_s, clock_s() + _MISSING_FOR_S

        async def look(look_s: float) -> Any:
            # The SDK counts whole seconds and pauses 0.25 s between its requests, so it sees an end in a pause late.
            # Hence one request, as long as Apify allows.
            return await client.run(actor_run_id).wait_for_finish(
                wait_duration=timedelta(seconds=look_s), timeout=timedelta(seconds=look_s) + self._timeout
            )

        while True:
            look_s = min(_LOOK_S, max(1.0, until_s - clock_s()))
            run = await self._busy(
                "wait", partial(look, look_s), limit_s=look_s + self._timeout.total_seconds()
            )
            if run is None and clock_s() >= missing_until_s:  # it does not exist, so it did not succeed
                return ActorEnd(has_succeeded=False, cost_nano_usd=0)
            if run is not None and (str(run.status) in _TERMINAL or clock_s() >= until_s):
                break
            if run is None:
                await asyncio.sleep(_CHECK_AGAIN_S)
        cost_nano_usd = self._cost_nano_usd(run.usage_total_usd)
        if str(run.status) != "SUCCEEDED":
            is_over = str(run.status) in _TERMINAL
            return ActorEnd(has_succeeded=False, cost_nano_usd=cost_nano_usd, is_over=is_over)
        try:
            items = await self._busy("items", lambda: self._first_items(run.default_dataset_id))
        except ScraperBusy as busy:
            if busy.trouble == "unusable" and _is_refusal(
                busy.__cause__
            ):  # the items do not exist: another run of the actor creates new ones
                return ActorEnd(has_succeeded=False, cost_nano_usd=cost_nano_usd)
            busy.is_run_over = True
            raise
        now = datetime.now(UTC)
        ended_at = min(run.finished_at or now, now)
        return ActorEnd(has_succeeded=True, cost_nano_usd=cost_nano_usd, items=items, ended_at=ended_at)

    def _cost_nano_usd(self, usage_usd: float | None) -> int:
        """An impossible amount would use up the daily limit or overflow the column, so a run's maximum cost replaces it."""
        usd = Decimal(str(usage_usd or 0))
        is_possible = usd.is_finite() and 0 <= usd <= _MOST_TIMES_CHARGE * self._most_charge_usd
        return int((usd if is_possible else self._most_charge_usd) * _NANO)

    async def abort(self, actor_run_id: str, *, at_most_s: float) -> ActorEnd:
        client = await self.client.ready()
        try:
            await self._busy("abort", lambda: client.run(actor_run_id).abort(timeout=self._timeout))
        except ScraperBusy as busy:
            if busy.trouble != "unusable":
                raise
        return await self.wait(actor_run_id, at_most_s=at_most_s)

    async def _first_items(self, dataset_id: str) -> tuple[Any, ...]:
        """The profile is not always the first of them."""
        client = await self.client.ready()
        try:
            page = await client.dataset(dataset_id).list_items(limit=_MOST_ITEMS, timeout=self._timeout)
        except RecursionError:  # nested deeper than any profile: a retry gives the same, and Apify works
            return ()
        return tuple(map(storable_json, page.items))

    def _make_client(self) -> Any:
        from apify_client import ApifyClientAsync  # noqa: PLC0415  # seconds of CPU: not at start
        from apify_client.http_clients import ImpitHttpClientAsync  # noqa: PLC0415

        class Transport(ImpitHttpClientAsync):
            async def send_request(self, **request: Any) -> Any:
                _RETRY_AFTER.set(None)
                response = await super().send_request(**request)
                asked, date = response.headers.get("retry-after"), response.headers.get("date")
                _RETRY_AFTER.set(read_retry_after(asked, now=datetime.now(UTC), date=date))
                return response

        client = ApifyClientAsync.with_custom_http_client(
            self._token(),
            api_url=self._api_url,
            api_public_url=self._api_url,
            http_client=Transport(max_retries=0),
        )
        client.actor(_ACTOR)  # its transport is created lazily
        return client

    async def _busy(
        self, what: str, call: Callable[[], Awaitable[ResultT]], *, limit_s: float | None = None
    ) -> ResultT:
        """Everything but the start is retried: twice here, then by the row. `limit_s` is for each request."""
        limit_s = limit_s or self._timeout.total_seconds()
        for pause_s in (0.3, 1.0, None):
            try:
                return await within(limit_s, call(), call=f"apify_{what}")
            except Exception as error:  # transport errors have no common base
                trouble = _trouble_of(error) or ("unusable" if _is_unusable(error) else "outage")
                if pause_s is None or trouble not in {"outage", "unusable"}:
                    raise ScraperBusy(
                        f"{what}: {_name(error)}", trouble=trouble, retry_after_s=_RETRY_AFTER.get()
                    ) from error
                await asyncio.sleep(pause_s)
        raise AssertionError("the last attempt returns or raises")


def _start_failed(error: Exception) -> ScraperBusy | StartRefused:
    """The transport reports a lost answer in many ways; only some prove that nothing was started."""
    reason, trouble = f"start: {_name(error)}", _trouble_of(error)
    if trouble is not None:
        return ScraperBusy(reason, trouble=trouble, retry_after_s=_RETRY_AFTER.get())
    if _is_refusal(error):
        return StartRefused(reason)
    if "Connect" in type(error).__name__:
        return ScraperBusy(reason)
    return StartUnknown(reason, retry_after_s=_RETRY_AFTER.get())


def _trouble_of(error: Exception) -> Trouble | None:
    """The category of a status; None: the request failed or its answer was lost."""
    status = getattr(error, "status_code", None)
    kind = f"{getattr(error, 'type', '')} {getattr(error, 'message', '')}".lower()
    if not isinstance(status, int) or not 400 <= status < 500:  # noqa: PLR2004
        return None
    named = str(getattr(error, "type", None) or "").lower()  # under several statuses
    if status == 429 or any(sign in named for sign in _LIMITED):  # noqa: PLR2004
        return "limited"
    if any(sign in named for sign in _USED_UP):
        return "used_up"
    if status in {402, 403}:
        # Limits of memory and concurrent runs recover when other runs end; the monthly limit does not.
        if "memory" in kind or "concurren" in kind:
            return "limited"
        return "used_up" if status == 402 or "limit" in kind or "usage" in kind else "key_refused"  # noqa: PLR2004
    return "key_refused" if status == 401 else None  # noqa: PLR2004


def _is_refusal(error: BaseException | None) -> bool:
    """Apify rejects this request: its object does not exist, or the operation is invalid."""
    status = getattr(error, "status_code", None)
    return (
        isinstance(status, int)
        and 400 <= status < 500  # noqa: PLR2004
        and status not in {401, 402, 403, _REQUEST_TIMEOUT, 429}
    )


def _is_unusable(error: Exception) -> bool:
    return _is_refusal(error) or type(error).__name__ == "InvalidResponseBodyError"


def _name(error: Exception) -> str:
    return " ".join(
        str(part)
        for part in (
            type(error).__name__,
            getattr(error, "status_code", ""),
            getattr(error, "type", "") or "",
        )
        if part
    )

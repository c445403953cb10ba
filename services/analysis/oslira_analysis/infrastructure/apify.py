"""The scraping actor on Apify, through its SDK.

The SDK's own retries are off everywhere: a start is a POST without an idempotency key, and retrying it starts another run.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from oslira_shared.deadline import within
from oslira_shared.outside_text import storable_json
from oslira_shared.secrets import Secret

from oslira_analysis.application.ports import ActorEnd, ScraperBusy, StartedRun, StartUnknown
from oslira_analysis.infrastructure.made_once import MadeOnce

_ACTOR: Final = "apify/instagram-profile-scraper"
_TERMINAL: Final = frozenset({"SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED"})
# Apify answers a look after a minute at most, as long as most scrapes take three times over.
_LOOK_S: Final = 61
_MOST_ITEMS: Final = 20
# Apify's most for a page of runs, and how many pages of them are looked through.
_PAGE: Final = 1_000
_MOST_PAGES: Final = 100
# A start that was asked for is made within its time limit, or never: what started later is another scrape's.
_START_WINDOW: Final = timedelta(minutes=10)
_NANO: Final = Decimal(1_000_000_000)
# Answers that say for sure that nothing was started.
_REFUSED: Final = frozenset({400, 401, 402, 403, 404, 413, 429})
ResultT = TypeVar("ResultT")


class ApifyScraper:
    """The port Scraper."""

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
        self._look_limit_s = _LOOK_S + request_timeout_s
        self._most_charge_usd = most_charge_usd
        self.client: MadeOnce[Any] = MadeOnce(self._make_client, key=token)

    async def start(self, username: str) -> str:
        client = await self.client.ready()
        from apify_client.errors import ApifyApiError  # noqa: PLC0415

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
        except ApifyApiError as error:
            if error.status_code in _REFUSED:
                raise ScraperBusy(f"start: {error.status_code} {error.type}") from error
            raise StartUnknown(f"start: {error.status_code}") from error
        except Exception as error:  # a lost answer has many shapes in the transport below
            raise StartUnknown(f"start: {type(error).__name__}") from error
        return str(run.id)

    async def list_started(self, *, since_s: float) -> list[StartedRun]:
        client = await self.client.ready()
        since = datetime.now(UTC) - timedelta(seconds=since_s)
        found: list[StartedRun] = []
        for page in range(_MOST_PAGES):
            # Oldest first: a run that starts meanwhile comes at the end, and moves no other to a page that was read.
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
            # A page may be shorter than asked for: only an empty one is the end.
            if not listed.items or len(found) >= listed.total:
                return found[::-1]
        # Not to be told from a start that was never made: another attempt, and not another start.
        raise ScraperBusy(f"list: more than {_MOST_PAGES * _PAGE} runs in {_START_WINDOW}")

    async def names_of(self, started: StartedRun) -> list[str]:
        client = await self.client.ready()

        async def look() -> list[str]:
            record = await client.key_value_store(started.store_id).get_record("INPUT", timeout=self._timeout)
            value = record["value"] if record else None
            return list(value.get("usernames") or []) if isinstance(value, dict) else []

        return await self._busy("input", look)

    async def wait(self, actor_run_id: str) -> ActorEnd:
        client = await self.client.ready()

        async def look() -> Any:
            # The SDK counts whole seconds and pauses a quarter of one between its looks, and a run that ends in a pause is
            # seen late: hence one look, as long as Apify lets it be.
            return await client.run(actor_run_id).wait_for_finish(
                wait_duration=timedelta(seconds=_LOOK_S), timeout=timedelta(seconds=_LOOK_S) + self._timeout
            )

        while True:
            run = await self._busy("wait", look, limit_s=self._look_limit_s)
            if run is None:  # the actor's run is gone: it can't be what succeeded
                return ActorEnd(has_succeeded=False, cost_nano_usd=0)
            if str(run.status) in _TERMINAL:
                break
        cost_nano_usd = int(Decimal(str(run.usage_total_usd or 0)) * _NANO)
        if str(run.status) != "SUCCEEDED":
            return ActorEnd(has_succeeded=False, cost_nano_usd=cost_nano_usd)
        items = await self._busy("items", lambda: self._first_items(run.default_dataset_id))
        now = datetime.now(UTC)
        ended_at = min(run.finished_at or now, now)
        return ActorEnd(has_succeeded=True, cost_nano_usd=cost_nano_usd, items=items, ended_at=ended_at)

    async def abort(self, actor_run_id: str) -> ActorEnd:
        client = await self.client.ready()
        await self._busy("abort", lambda: client.run(actor_run_id).abort(timeout=self._timeout))
        return await self.wait(actor_run_id)

    async def _first_items(self, dataset_id: str) -> tuple[Any, ...]:
        """The profile is not always the first of them."""
        client = await self.client.ready()
        page = await client.dataset(dataset_id).list_items(limit=_MOST_ITEMS, timeout=self._timeout)
        return tuple(map(storable_json, page.items))

    def _make_client(self) -> Any:
        from apify_client import ApifyClientAsync  # noqa: PLC0415  # seconds of CPU: not at start

        client = ApifyClientAsync(
            self._token(), api_url=self._api_url, api_public_url=self._api_url, max_retries=0
        )
        client.actor(_ACTOR)  # its transport is made when it is first used
        return client

    async def _busy(
        self, what: str, call: Callable[[], Awaitable[ResultT]], *, limit_s: float | None = None
    ) -> ResultT:
        """Everything but the start may be asked again: two more times here, then by the row. `limit_s` is for each of them."""
        limit_s = limit_s or self._timeout.total_seconds()
        for pause_s in (0.3, 1.0):
            try:
                return await within(limit_s, call(), call=f"apify_{what}")
            except Exception:  # noqa: BLE001  # transport errors have no common base
                await asyncio.sleep(pause_s)
        try:
            return await within(limit_s, call(), call=f"apify_{what}")
        except Exception as error:
            raise ScraperBusy(f"{what}: {type(error).__name__}") from error

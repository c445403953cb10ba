"""Users who notice every failure: a request that fails, a stream that breaks, a run that is lost."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from oslira_client import ENDED, ApiError
from oslira_devstack.demo.invoice import post_invoice_paid
from oslira_proof.open_loop import Request
from oslira_proof.people import Person


@dataclass(slots=True)
class Runs:
    """Keeps so many runs in flight until it is stopped; `failures` are what a user would have seen."""

    person: Person
    mark: str
    failures: list[str] = field(default_factory=list[str])
    run_ids: list[str] = field(default_factory=list[str])
    names: list[str] = field(default_factory=list[str])
    streams: Counter[str] = field(default_factory=Counter[str])
    is_over: bool = False

    async def keep_in_flight(self, count: int) -> None:
        numbers = itertools.count()
        await asyncio.gather(*(self._one_after_another(numbers) for _ in range(count)))

    async def _one_after_another(self, numbers: "itertools.count[int]") -> None:
        while not self.is_over:
            await self._run(f"{self.mark}.{next(numbers)}")

    async def _run(self, name: str) -> None:
        try:
            _, accepted = await self.person.analyze(name)
        except (httpx.HTTPError, ApiError) as error:
            self.failures.append(f"POST /v1/analyses: {error!r}")
            return
        self.names.append(name)
        self.run_ids.append(accepted["run_id"])
        await self._follow(accepted["run_id"], accepted["events_url"])

    async def _follow(self, run_id: str, url: str) -> None:
        """Like a browser: a stream that ends before the run's end is opened again after the `retry` delay."""
        last_id, status = "", ""
        while status not in ENDED:
            self.streams["opened"] += 1
            headers = {"Last-Event-ID": last_id} if last_id else {}
            try:
                async with self.person.client.http.stream("GET", url, headers=headers, timeout=60) as answer:
                    if answer.status_code != httpx.codes.OK.value:
                        self.failures.append(f"stream of {run_id}: {answer.status_code}")
                    async for line in answer.aiter_lines():
                        kind, _, value = line.partition(": ")
                        last_id = value if kind == "id" else last_id
                        status = json.loads(value)["status"] if kind == "data" else status
            except httpx.HTTPError as error:
                self.failures.append(f"stream of {run_id}: {error!r}")
            if status not in ENDED:
                self.streams["asked to come back"] += 1
                await asyncio.sleep(1)


def mixed_requests(person: Person, runs: Runs) -> Callable[[int], tuple[str, Request]]:
    """A frontend's requests: the run it shows, the balance, lists."""
    token = person.who.token

    def make(number: int) -> tuple[str, Request]:
        match number % 4:
            case 0 if runs.run_ids:
                return "GET /v1/runs/{id}", Request("GET", f"/v1/runs/{runs.run_ids[-1]}", token)
            case 1:
                return "GET /v1/credits/balance", Request("GET", "/v1/credits/balance", token)
            case 2:
                return "GET /v1/leads", Request("GET", "/v1/leads", token)
            case _:
                return "GET /v1/runs", Request("GET", "/v1/runs", token)

    return make


@dataclass(slots=True)
class Stripe:
    """Sends the same signed event again and again, twice a second; each has to be answered 200."""

    person: Person
    statuses: Counter[int] = field(default_factory=Counter[int])

    async def deliver(self) -> None:
        while True:
            started = time.monotonic()
            try:
                status = await post_invoice_paid(self.person.access, account_id=self.person.who.account_id)
            except httpx.HTTPError:
                status = 0
            self.statuses[status] += 1
            await asyncio.sleep(max(0.0, 0.5 - (time.monotonic() - started)))

"""The customers of a bad day: they order on schedule, retry when rejected, and record what they ordered."""

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx
from oslira_client import ApiError
from oslira_client.errors import problem_of

from oslira_proof.people import Person
from oslira_proof.promises.bad_day_program import Customer, Phase

_COME_AGAIN_S: Final = 0.5
# Of the day: how long after its order a run is cancelled.
_CANCEL_AFTER_S: Final = 10.0
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
# Every second order of such a phase is for one of its names; of a bulk's names every second one.
_SHARE: Final = 2


@dataclass(frozen=True, slots=True)
class Order:
    """A run by its id. `at_s` is when the customer first ordered it, Unix time."""

    run_id: str
    customer: Customer
    phase: Phase
    at_s: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """`took_s` until it was answered; `phase` is the one in which it was ordered."""

    phase: Phase
    took_s: float


@dataclass(slots=True)
class Orders:
    """`refusals` counts answers of 429 and 5xx, and missing ones."""

    people: dict[str, Person]
    customers: tuple[Customer, ...]
    factor: float
    phase: Phase
    made: list[Order] = field(default_factory=list[Order])
    cancels: list[Cancel] = field(default_factory=list[Cancel])
    entered: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    refusals: int = 0
    _is_over: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self, phase: Phase) -> None:
        """What is ordered from now on is of this phase."""
        self.phase = phase
        self.entered.append((time.time(), phase.title))

    def title_at(self, at_s: float) -> str:
        """The phase of a moment, Unix time."""
        return next((title for since_s, title in reversed(self.entered) if since_s <= at_s), "before")

    async def keep_coming(self) -> None:
        """Until `close`; orders under way are finished."""
        async with asyncio.TaskGroup() as all_of_them:
            for customer in self.customers:
                all_of_them.create_task(self._one(customer))

    def close(self) -> None:
        self._is_over.set()

    async def _one(self, customer: Customer) -> None:
        every_s = customer.every_s / self.factor
        async with asyncio.TaskGroup() as orders:
            for number in itertools.count():
                orders.create_task(self._order(customer, number))
                try:
                    await asyncio.wait_for(self._is_over.wait(), every_s)
                except TimeoutError:
                    continue
                return

    async def _order(self, customer: Customer, number: int) -> None:
        at_s, phase, person = time.time(), self.phase, self.people[customer.name]
        own, key = f"{customer.name}.{number}", {"Idempotency-Key": uuid4().hex}
        terms = {"business_profile_id": str(person.who.business_profile_id)}
        if customer.bulk:
            names = [_name(customer, phase, f"{own}.{line}", line) for line in range(customer.bulk)]
            body = {**terms, "type": "light", "usernames": names}
            await self._taken(person, "/v1/analyses/bulk", json=body, headers=key)
            return
        kind = customer.kinds[number % len(customer.kinds)]
        body = {**terms, "type": kind, "username": _name(customer, phase, own, number)}
        run_id = (await self._taken(person, "/v1/analyses", json=body, headers=key))["run_id"]
        self.made.append(Order(run_id, customer, phase, at_s))
        if customer.cancels_every and number % customer.cancels_every == 0:
            await asyncio.sleep(_CANCEL_AFTER_S / self.factor)
            await self._cancel(person, run_id)

    async def _cancel(self, person: Person, run_id: str) -> None:
        asked_in, began_s = self.phase, time.monotonic()
        try:
            await self._taken(person, f"/v1/runs/{run_id}/cancel")
        except ApiError as error:
            if error.code != "run_finished":
                raise
        self.cancels.append(Cancel(asked_in, time.monotonic() - began_s))

    async def _taken(self, person: Person, path: str, **content: Any) -> dict[str, Any]:
        """Retries until it is accepted. Raises ApiError for a permanent error."""
        while True:
            try:
                answer = await person.client.http.post(path, **content)
            except httpx.TransportError:
                pass
            else:
                if answer.is_success:
                    return answer.json()
                if answer.status_code not in _TRANSIENT:
                    raise problem_of(answer)
            self.refusals += 1
            await asyncio.sleep(_COME_AGAIN_S)


def _name(customer: Customer, phase: Phase, own: str, number: int) -> str:
    """One of the phase's faulty names in turn, or a good one."""
    if customer.is_calm or not phase.names or number % _SHARE:
        return own
    return f"{phase.names[number // _SHARE % len(phase.names)]}.{own}"

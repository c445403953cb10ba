"""Restarting a service loses no request: it answers what it received, and later ones wait for the next process."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from oslira_devstack.servers.contract import Nats
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.credits.v1 import BALANCE, Balance, BalanceRequest
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

_WORK_S = 0.02
_ASKERS = 25


@pytest_asyncio.fixture
async def make_bus(nats_server: Nats) -> AsyncGenerator[Callable[..., Bus]]:
    async with AsyncExitStack() as made:

        def make(service: str, *, patience_s: float = 0.0) -> Bus:
            bus = Bus(nats_server.url(service), service=service, patience_s=patience_s)
            made.push_async_callback(bus.stop)
            return bus

        yield make


async def _responder(make: Callable[..., Bus]) -> Bus:
    bus = make("credits")

    @bus.responder(BALANCE)
    async def answer(request: BalanceRequest) -> Balance:
        await asyncio.sleep(_WORK_S)
        return Balance(account_id=request.account_id, available=1, held=0, frozen=False, debt=0, grants=[])

    await bus.start()
    return bus


async def _ask(bus: Bus) -> Balance:
    return await bus.request(BALANCE, BalanceRequest(account_id=new_id()), Balance, timeout_s=2)


async def _connected(*buses: Bus) -> None:
    async with asyncio.timeout(5):
        while not all(bus.is_connected for bus in buses):
            await asyncio.sleep(0.02)


async def test_a_responder_that_stops_answers_what_it_was_sent(make_bus: Callable[..., Bus]) -> None:
    first, _second, asker = (
        await _responder(make_bus),
        await _responder(make_bus),
        make_bus("gateway", patience_s=2),
    )
    await asker.start()
    await _connected(first, asker)
    stopped = asyncio.Event()

    async def ask_until_a_while_after() -> int:
        answered = 0
        while not stopped.is_set():
            await _ask(asker)
            answered += 1
        return answered

    asking = [asyncio.create_task(ask_until_a_while_after()) for _ in range(_ASKERS)]
    await asyncio.sleep(0.2)
    await first.stop()
    await asyncio.sleep(0.1)
    stopped.set()
    assert all(await asyncio.gather(*asking))


async def test_a_request_waits_while_its_only_responder_is_being_replaced(
    make_bus: Callable[..., Bus],
) -> None:
    asker = make_bus("gateway", patience_s=5)
    await asker.start()
    await _connected(asker)
    asking = asyncio.create_task(_ask(asker))
    await asyncio.sleep(0.3)
    assert not asking.done()
    await _responder(make_bus)
    assert (await asking).available == 1


async def test_patience_has_an_end(make_bus: Callable[..., Bus]) -> None:
    asker = make_bus("gateway", patience_s=0.2)
    await asker.start()
    await _connected(asker)
    with pytest.raises(OsliraError) as nobody:
        await _ask(asker)
    assert nobody.value.code == "unavailable"

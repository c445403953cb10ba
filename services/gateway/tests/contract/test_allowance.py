"""How often a network orders in a day."""

import asyncio
from ipaddress import IPv4Network
from typing import Any

import pytest

HOME = IPv4Network("192.0.2.1/32")


async def test_of_ten_at_once_so_many_are_granted_as_there_may_be(backend: Any) -> None:
    uses = await asyncio.gather(*(backend.allowance.take(HOME, most=3) for _ in range(10)))
    assert sum(use.is_granted for use in uses) == 3
    assert all(0 < use.day_left_s <= 86_400 for use in uses)
    # Another network has its own.
    assert (await backend.allowance.take(IPv4Network("192.0.2.2/32"), most=3)).is_granted


async def test_an_unused_use_is_released(backend: Any) -> None:
    network = IPv4Network("192.0.2.3/32")
    assert (await backend.allowance.take(network, most=1)).is_granted
    assert not (await backend.allowance.take(network, most=1)).is_granted
    await backend.allowance.release(network)
    assert (await backend.allowance.take(network, most=1)).is_granted


@pytest.mark.parametrize("most", [0])
async def test_none_is_none(backend: Any, most: int) -> None:
    assert not (await backend.allowance.take(IPv4Network("192.0.2.4/32"), most=most)).is_granted


async def test_no_address_is_kept(postgres_backend: Any, module_database: Any) -> None:
    await postgres_backend.allowance.take(IPv4Network("192.0.2.5/32"), most=1)
    rows = await postgres_backend._gateway.fetch("select u::text as row from identity.anonymous_uses u")
    assert rows
    assert not any("192.0.2" in row["row"] for row in rows)

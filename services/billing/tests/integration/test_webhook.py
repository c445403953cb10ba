"""Answers to Stripe's webhooks; no delivered event is lost. `service` is in conftest.py."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import pytest
import stripe_samples as samples
from stripe_samples import JULY_S, line

REAL_EVENTS = Path(__file__).parents[5] / "shared" / "data" / "stripe_events"


def paid(account_id: UUID) -> dict[str, Any]:
    invoice = samples.invoice(
        line(None, price="price_pro"), subscription=f"sub_{account_id}", account_id=str(account_id)
    )
    return samples.event("invoice.paid", invoice)


async def test_an_event_delivered_by_many_at_once_is_stored_and_granted_once(service: Any) -> None:
    account_id = uuid4()
    payload = paid(account_id)
    answers = await asyncio.gather(*(service.post(payload) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    await service.ends(payload)
    assert (await service.post(payload)).status_code == 200
    assert await service.count() == 1
    assert await service.grants(account_id) == [(f"sub:sub_{account_id}:{JULY_S}", 1500)]


async def test_text_that_postgres_cannot_store_loses_no_credits(service: Any) -> None:
    """Stripe passes on what its forms took. Refused, the event would come for three days and then never."""
    account_id = uuid4()
    payload = paid(account_id)
    payload["data"]["object"] |= {"customer_name": "half \ud83d an emoji", "footer": "nul \x00"}
    assert (await service.post(payload)).status_code == 200
    await service.ends(payload)
    assert await service.grants(account_id) == [(f"sub:sub_{account_id}:{JULY_S}", 1500)]


async def test_what_is_not_stripes_own_recent_word_is_refused_and_leaves_no_row(service: Any) -> None:
    payload = paid(uuid4())
    refusals = {
        "unsigned": await service.post_raw(json.dumps(payload), None),
        "other secret": await service.post(payload, secret="whsec_other"),
        "stale": await service.post(payload, age_s=400),
        "real money": await service.post({**payload, "livemode": True}),
        "not JSON": await service.post(b"{"),
        "not text": await service.post(b"\xff\xfe"),
        "no event": await service.post([1]),
        "too deep": await service.post(b"[" * 200_000),
    }
    assert {name: service.problem(answer) for name, answer in refusals.items()} == {
        "unsigned": (400, "invalid_signature"),
        "other secret": (400, "invalid_signature"),
        "stale": (400, "invalid_signature"),
        "real money": (400, "livemode_mismatch"),
        "not JSON": (400, "invalid_request"),
        "not text": (400, "invalid_request"),
        "no event": (400, "invalid_request"),
        "too deep": (400, "invalid_request"),
    }
    assert service.problem(await service.http.get("/stripe/webhooks")) == (405, "method_not_allowed")
    assert service.problem(await service.http.post("/stripe")) == (404, "not_found")
    assert await service.count() == 0


async def test_a_body_over_the_limit_is_refused_announced_or_streamed(service: Any) -> None:
    body = b" " * (1024 * 1024 + 1)

    async def streamed() -> AsyncGenerator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    for sent in (body, streamed()):
        assert service.problem(await service.post_raw(sent, "t=1,v1=0")) == (413, "body_too_large")


async def test_during_a_rotation_both_secrets_serve(service: Any) -> None:
    for secret in ("whsec_new", "whsec_old"):
        assert (await service.post(paid(uuid4()), secret=secret)).status_code == 200


async def test_without_a_bus_an_event_is_taken_and_applied_later(start: Any) -> None:
    await start.provision()
    async with start() as service:
        await start.server.stop()
        account_id = uuid4()
        payload = paid(account_id)
        async with asyncio.timeout(3):
            assert (await service.post(payload)).status_code == 200
        assert await service.state(payload) == "received"

        await start.server.wipe()
        await start.server.start()
        await start.provision()
        await service.ends(payload, within_s=25)
        assert await service.grants(account_id) == [(f"sub:sub_{account_id}:{JULY_S}", 1500)]


async def test_without_a_database_stripe_is_asked_to_come_again(start: Any) -> None:
    await start.provision()
    async with (
        _cuttable(start.database.url("billing_service")) as (url, cut, mend),
        start(database_url=url) as service,
    ):
        payload = paid(uuid4())
        await cut()
        assert service.problem(await service.post(payload)) == (503, "unavailable")
        await mend()
        assert (await service.post(payload)).status_code == 200
        assert await service.count() == 1


@asynccontextmanager
async def _cuttable(url: str) -> AsyncGenerator[tuple[str, Any, Any]]:
    """A way to Postgres that can be cut: open connections break, new ones are refused."""
    parts = urlsplit(url)
    open_pipes: set[asyncio.StreamWriter] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_pipes.add(writer)
        try:
            while chunk := await reader.read(65_536):
                writer.write(chunk)
        except OSError:
            pass
        finally:
            open_pipes.discard(writer)
            writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(parts.hostname, parts.port)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def cut() -> None:
        server.close()
        for writer in list(open_pipes):
            writer.transport.abort()

    async def mend() -> None:
        nonlocal server
        server = await asyncio.start_server(forward, "127.0.0.1", port)

    through = f"{parts.username}:{parts.password}@127.0.0.1:{port}"
    yield urlunsplit(parts._replace(netloc=through)), cut, mend
    await cut()


@pytest.mark.parametrize("step", [1, -1])
async def test_stripes_real_events_leave_a_subscription_and_what_was_not_refunded(
    service: Any, step: int
) -> None:
    """The recorded story where it is at hand; otherwise the same story in our own small events. In order, and backwards."""
    account_id = UUID("11111111-1111-1111-1111-111111111111")
    payloads = [json.loads(path.read_text()) for path in sorted(REAL_EVENTS.glob("*.json"))] or _own_story(
        account_id
    )
    for payload in payloads[::step]:
        assert (await service.post(payload)).status_code == 200

    async def all_ended() -> bool:
        return not await service.pool.fetchval(
            "select count(*) from billing.webhook_events where state in ('received', 'applied')"
        )

    await service.until(all_ended)
    assert (
        await service.pool.fetch(
            "select stripe_event_id, reason from billing.webhook_events where state = 'dead'"
        )
        == []
    )
    assert sorted(amount for _, amount in await service.grants(account_id)) == [100, 1500, 1500]
    state = await service.pool.fetchval(
        "select state from billing.subscriptions where account_id = $1", account_id
    )
    assert state == "canceled"
    available = "select sum(amount) from credits.balances where account_id = $1 and kind = 'available'"
    assert await service.ledger.fetchval(available, account_id) == 1600


def _own_story(account_id: UUID) -> list[dict[str, Any]]:
    named: dict[str, Any] = {"account_id": str(account_id)}
    pack = samples.session(pack="pack_100", **named)
    kind = "customer.subscription"
    return [
        samples.event("checkout.session.completed", samples.session(mode="subscription", **named)),
        samples.event(f"{kind}.created", samples.subscription(plan="pro", **named)),
        samples.event("invoice.paid", samples.invoice(line("pro"), invoice_id="in_first", **named)),
        samples.event("invoice.payment_succeeded", samples.invoice(line("pro"), **named)),
        samples.event("invoice.paid", samples.invoice(line("pro", start_s=JULY_S + 31 * 86_400), **named)),
        samples.event(f"{kind}.deleted", samples.subscription(plan="pro", status="canceled", **named)),
        samples.event("charge.refunded", samples.charge(refunded=2_000)),
        samples.event("charge.dispute.created", samples.dispute()),
        samples.event("checkout.session.completed", {**pack, "payment_status": "unpaid"}),
        samples.event("checkout.session.async_payment_succeeded", pack),
        samples.event("invoice_payment.paid", samples.invoice_payment("pi_1", "in_first")),
    ]

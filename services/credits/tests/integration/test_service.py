"""The credits service on real NATS and Postgres: holds, settlements, and due holds."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from oslira_credits.domain.balance import Balance
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.contracts.credits import v1 as contracts
from oslira_shared.errors import OsliraError
from served_credits import ServedCredits, until


async def test_a_balance_names_its_grants(world: ServedCredits) -> None:
    await world.hold(2)
    request = contracts.BalanceRequest(account_id=world.account_id)
    balance = await world.peer.request(contracts.BALANCE, request, contracts.Balance)
    assert (balance.available, balance.held) == (3, 2)
    (grant,) = balance.grants
    assert (grant.source, grant.available_credits, grant.granted_credits) == ("pack", 3, 5)


async def test_an_audit_that_is_asked_for_looks_now(world: ServedCredits) -> None:
    held = await world.hold(2)
    request = contracts.AuditRequest(settling_s=0)
    sound = await world.peer.request(contracts.AUDIT, request, contracts.Audited)
    # This test's own grant has no source; a hold in its first life is no difference.
    assert [one.what for one in sound.differences] == ["grant_of_no_source"]
    await world.pool.execute("update credits.holds set attempt = 1 where id = $1", held.hold_id)
    found = await world.peer.request(contracts.AUDIT, request, contracts.Audited)
    assert found.count == 2
    assert ("hold_without_unfinished_run", str(held.hold_id)) in {
        (one.what, one.id) for one in found.differences
    }


async def test_of_fifty_requests_on_five_credits_five_are_held(world: ServedCredits) -> None:
    answers = await asyncio.gather(*(world.hold() for _ in range(50)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, OsliraError)]
    assert (len(answers) - len(refused), len(refused)) == (5, 45)
    assert {answer.code for answer in refused} == {"insufficient_credits"}
    assert all(answer.extra == {"need": 1, "balance": 0} for answer in refused)


async def test_a_bad_amount_is_an_invalid_request(world: ServedCredits) -> None:
    with pytest.raises(OsliraError) as refused:
        await world.hold(-1)
    assert refused.value.code == "invalid_request"


async def test_a_run_that_completed_is_captured_when_it_is_announced(world: ServedCredits) -> None:
    held = await world.hold(3)
    await world.set_run(held.hold_id, RunStatus.COMPLETED, 2)
    await world.announce(held.hold_id)
    (settled,) = await world.published(1)
    assert (settled.hold_id, settled.account_id) == (held.hold_id, world.account_id)
    assert await world.balance() == Balance(3, 0)


async def test_a_run_announced_again_is_settled_once_and_published_with_the_same_event_id(
    world: ServedCredits,
) -> None:
    held = await world.hold(3)
    await world.set_run(held.hold_id, RunStatus.COMPLETED, 2)
    for count in (1, 2, 3):
        await world.announce(held.hold_id)
        told = await world.published(count)
    assert len({event.event_id for event in told}) == 1
    assert await world.balance() == Balance(3, 0)


async def test_a_crash_between_commit_and_publish_is_made_good_when_announced_again(
    world: ServedCredits,
) -> None:
    held = await world.hold(3)
    await world.ledger.settle(held.hold_id, 1)  # committed, and the process died before it told anyone
    await world.announce(held.hold_id)
    (settled,) = await world.published(1)
    assert settled.hold_id == held.hold_id
    assert await world.balance() == Balance(4, 0)


async def test_an_end_announced_before_its_hold_refuses_the_hold(world: ServedCredits) -> None:
    hold_id = uuid4()
    await world.announce(hold_id)
    await world.published(1)
    with pytest.raises(OsliraError) as refused:
        await world.hold(1, hold_id)
    assert refused.value.code == "id_closed"
    assert await world.balance() == Balance(5, 0)


async def test_a_settlement_asked_for_says_whether_the_run_is_over(world: ServedCredits) -> None:
    held = await world.hold(3)
    request = contracts.SettleRequest(hold_id=held.hold_id)
    await world.set_run(held.hold_id, RunStatus.SCORING)
    unfinished = await world.peer.request(contracts.SETTLE, request, contracts.Settlement)
    assert not unfinished.is_settled
    await world.set_run(held.hold_id, RunStatus.CANCELLED)
    settled = await world.peer.request(contracts.SETTLE, request, contracts.Settlement)
    assert (settled.is_settled, settled.captured_credits, settled.released_credits) == (True, 0, 3)


async def test_holds_without_a_message_are_settled_when_due(world: ServedCredits) -> None:
    paid, lost, at_work = (uuid4() for _ in range(3))
    await world.set_run(paid, RunStatus.COMPLETED, 1)
    await world.set_run(at_work, RunStatus.SCORING)
    for hold_id in (paid, lost, at_work):
        await world.ledger.hold(hold_id, world.account_id, 1, life=timedelta(0))

    async def is_decided() -> bool:
        holds = [await world.ledger.find(hold_id) for hold_id in (paid, lost)]
        return all(hold is not None and hold.settlement is not None for hold in holds) and (
            await world.is_extended(at_work)
        )

    await until(is_decided)
    assert await world.balance() == Balance(3, 1)


async def test_a_due_hold_is_settled_without_analysis_running(world: ServedCredits) -> None:
    await world.peer.stop()
    hold_id = uuid4()
    await world.set_run(hold_id, RunStatus.COMPLETED, 1)
    await world.ledger.hold(hold_id, world.account_id, 2, life=timedelta(0))

    async def is_settled() -> bool:
        hold = await world.ledger.find(hold_id)
        return hold is not None and hold.settlement is not None

    await until(is_settled)
    assert await world.balance() == Balance(4, 0)


async def test_a_poison_message_is_dead_lettered_and_the_next_one_is_handled(world: ServedCredits) -> None:
    held = await world.hold()
    await world.set_run(held.hold_id, RunStatus.FAILED)
    await world.jetstream.publish(analysis.RUN_ENDED, b'{"event_id": "not a uuid"}')
    await world.jetstream.publish(analysis.RUN_ENDED, b"\xff not json")
    await world.announce(held.hold_id)
    await world.published(1)
    dead = await world.jetstream.stream_info("DEAD", subjects_filter="dead.>")
    assert (dead.state.subjects or {}) == {"dead.EVENTS.credits_outcomes": 2}


async def test_a_hold_lives_fifteen_times_its_first_life_while_its_run_waits(world: ServedCredits) -> None:
    hold_id, first_life = uuid4(), timedelta(seconds=0.2)
    await world.set_run(hold_id, RunStatus.SCORING)
    await world.ledger.hold(hold_id, world.account_id, 2, life=first_life)
    await asyncio.sleep(15 * first_life.total_seconds())
    assert await world.is_extended(hold_id)
    assert await world.balance() == Balance(3, 2)
    await world.set_run(hold_id, RunStatus.COMPLETED, 2)
    await world.announce(hold_id)
    await world.published(1)
    assert await world.balance() == Balance(3, 0)


async def test_what_expires_is_booked_out_by_the_service(world: ServedCredits) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.3)
    await world.ledger.grant(world.account_id, 9, source="plan", key=str(uuid4()), expires_at=soon)

    async def is_booked() -> bool:
        query = "select amount from credits.balances where account_id = $1 and kind = 'expired'"
        return await world.pool.fetchval(query, world.account_id) == 9

    await until(is_booked)
    assert await world.balance() == Balance(5, 0)


async def test_a_balance_says_what_is_disputed_and_what_is_owed(world: ServedCredits) -> None:
    await world.ledger.grant(world.account_id, 3, source="pack", key="disputed")
    await world.pool.execute("select credits.freeze('disputed', 'dispute', $1)", world.account_id)
    request = contracts.BalanceRequest(account_id=world.account_id)
    balance = await world.peer.request(contracts.BALANCE, request, contracts.Balance)
    assert (balance.available, balance.frozen, balance.debt) == (5, 3, 0)

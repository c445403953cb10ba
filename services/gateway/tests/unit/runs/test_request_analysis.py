"""Accepting an analysis, over in-memory rows and credits that keep the real ones' rules."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from memory_analyses import MemoryHints, MemoryHolds, MemoryRequests, MemoryRuns
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.order import Order
from oslira_gateway.runs.ports import Acceptance, OrderState, Reservation
from oslira_gateway.runs.request_analysis import Answer, Request, RequestAnalysis
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.contracts.credits.v1 import Held
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id, new_id

MakeOrder = Callable[..., Order]


class World:
    def __init__(self, member: Member, make_order: MakeOrder) -> None:
        self.member = member
        self.runs = MemoryRuns()
        self.requests = MemoryRequests(self.runs)
        self.holds, self.hints = MemoryHolds(), MemoryHints()
        self.business_profile_id = new_id()
        self.requests.businesses[self.business_profile_id] = member.account_id
        self.make_order = make_order
        self.day = 20_000

    async def post(self, username: str = "natgeo", *, key: str | None = None) -> Answer:
        order = self.make_order(username, business_profile_id=self.business_profile_id)
        use_case = RequestAnalysis(
            requests=self.requests,
            holds=self.holds,
            hints=self.hints,
            stored_answers=self.requests,
            today=lambda: self.day,
        )
        return await use_case(Request(self.member, order, key, "req-1"))

    def complete(self, answer: Answer) -> None:
        run = self.runs.rows[answer.run_id][1]
        self.runs.change(replace(run, status=RunStatus.COMPLETED, finished_at=datetime.now(UTC)))


@pytest.fixture
def world(member: Member, make_order: MakeOrder) -> World:
    return World(member, make_order)


async def test_a_new_analysis_is_held_accepted_and_announced_once(world: World) -> None:
    answer = await world.post()
    assert (answer.is_new, answer.status) == (True, RunStatus.QUEUED)
    assert world.holds.held == {answer.run_id: 1}
    assert world.hints.announced == [answer.run_id]


async def test_ten_identical_requests_at_once_make_one_run_and_one_hold(world: World) -> None:
    answers = await asyncio.gather(*(world.post() for _ in range(10)))
    assert len({answer.run_id for answer in answers}) == 1
    assert [answer.is_new for answer in answers].count(True) == 1
    assert (len(world.holds.held), world.holds.available) == (1, 99)


async def test_a_fresh_finished_analysis_is_returned_and_not_charged(world: World) -> None:
    first = await world.post()
    world.complete(first)
    again = await world.post()
    assert again == Answer(first.run_id, is_new=False)
    assert world.holds.available == 99


async def test_a_business_profile_of_another_account_leaves_nothing(world: World, stranger: Member) -> None:
    world.requests.businesses[world.business_profile_id] = stranger.account_id
    with pytest.raises(OsliraError) as caught:
        await world.post()
    assert caught.value.code == "business_profile_not_found"
    assert (world.runs.rows, world.holds.held) == ({}, {})


async def test_without_credits_the_error_has_need_and_balance_and_nothing_is_stored(world: World) -> None:
    world.holds.available = 0
    with pytest.raises(OsliraError) as caught:
        await world.post(key="k")
    assert (caught.value.code, caught.value.extra) == ("insufficient_credits", {"need": 1, "balance": 0})
    assert (world.runs.rows, world.requests.keys) == ({}, {})


async def test_losing_the_last_credit_to_the_same_analysis_returns_its_run(world: World) -> None:
    world.holds.available = 0
    losing = asyncio.create_task(world.post(key="k"))
    await asyncio.sleep(0.1)
    world.holds.available = 1
    winner = await world.post()
    assert await losing == Answer(winner.run_id, is_new=False)
    assert world.requests.keys[world.member.account_id, "k"].status == 200


async def test_with_the_bus_down_nothing_is_done(world: World) -> None:
    world.holds.is_down = True
    with pytest.raises(OsliraError) as caught:
        await world.post()
    assert caught.value.is_transient
    assert world.runs.rows == {}


async def test_a_lost_race_gives_its_hold_back_at_once(world: World) -> None:
    class Late(MemoryRequests):
        """Sees nothing of its twin until it accepts."""

        async def order_state(self, member: Member, order: Order, key: str | None) -> OrderState:
            return replace(await MemoryRequests.order_state(self, member, order, key), same_run_id=None)

    first = await world.post()
    world.requests = Late(world.runs, businesses=world.requests.businesses)
    assert await world.post() == Answer(first.run_id, is_new=False)
    assert (len(world.holds.held), world.holds.available) == (1, 99)


async def test_a_key_used_again_gives_the_same_answer_also_after_the_run_ended(world: World) -> None:
    first = await world.post(key="k")
    world.complete(first)
    assert await world.post(key="k") == Answer(first.run_id, is_new=True)
    assert first.run_id == derived_id(world.member.account_id, "k", 0)
    assert world.holds.available == 99


async def test_a_key_used_with_another_body_is_refused(world: World) -> None:
    await world.post(key="k")
    with pytest.raises(OsliraError) as caught:
        await world.post("nasa", key="k")
    assert caught.value.code == "idempotency_key_reused"
    assert len(world.runs.rows) == 1


async def test_a_key_raced_with_another_body_makes_one_run(world: World) -> None:
    answers = await asyncio.gather(world.post(key="k"), world.post("nasa", key="k"), return_exceptions=True)
    assert [type(answer) for answer in answers].count(Answer) == 1
    assert len(world.runs.rows) == 1


async def test_an_expired_key_makes_a_new_run_under_the_next_generation(world: World) -> None:
    first = await world.post(key="k")
    world.complete(first)
    world.requests.expire_keys()
    second = await world.post("nasa", key="k")
    assert second.is_new
    assert second.run_id == derived_id(world.member.account_id, "k", 1)


async def test_a_key_whose_row_was_cleaned_away_moves_on_to_a_free_id(world: World) -> None:
    first = await world.post(key="k")
    world.complete(first)
    world.requests.keys.clear()
    second = await world.post("nasa", key="k")
    assert second.is_new
    assert second.run_id == derived_id(world.member.account_id, "k", 1)


async def test_a_key_serves_every_few_days_for_ever(world: World) -> None:
    for number in range(12):
        world.day += 3
        answer = await world.post(f"user{number}", key="k")
        assert answer.is_new
        world.complete(answer)
        world.requests.keys.clear()  # cleaned away in between


async def test_an_id_that_was_closed_raises_the_generation(world: World) -> None:
    world.holds.closed.add(derived_id(world.member.account_id, "k", 0))
    world.requests.closed.add(derived_id(world.member.account_id, "k", 1))
    answer = await world.post(key="k")
    assert answer.run_id == derived_id(world.member.account_id, "k", 2)
    assert world.holds.available == 99


async def test_a_hold_made_for_another_order_under_the_key_is_not_taken(world: World) -> None:
    class Other(MemoryHolds):
        async def hold(self, run_id: UUID, account_id: UUID, amount_credits: int) -> Held:
            return await MemoryHolds.hold(self, run_id, account_id, amount_credits + 1)

    world.holds = Other()
    with pytest.raises(OsliraError) as caught:
        await world.post(key="k")
    assert caught.value.code == "idempotency_key_reused"


async def test_ids_that_stay_closed_end_as_unavailable(world: World) -> None:
    class Closed(MemoryRequests):
        async def accept(
            self,
            member: Member,  # noqa: ARG002
            order: Order,  # noqa: ARG002
            *,
            run_id: UUID,
            reservation: Reservation | None,  # noqa: ARG002
            request_id: str,  # noqa: ARG002
        ) -> Acceptance:
            return Acceptance("closed", run_id, RunStatus.CANCELLED, 0)

    world.requests = Closed(world.runs, businesses=world.requests.businesses)
    with pytest.raises(OsliraError) as caught:
        await world.post()
    assert caught.value.code == "unavailable"
    assert world.holds.available == 100


class NoRoom(MemoryRequests):
    """The account's day is used up."""

    async def accept(
        self,
        member: Member,
        order: Order,
        *,
        run_id: UUID,
        reservation: Reservation | None,
        request_id: str,
    ) -> Acceptance:
        del member, order, reservation, request_id
        return Acceptance("cost_limit", run_id, RunStatus.QUEUED, 0)


async def test_over_the_days_cost_limit_is_rejected_and_the_hold_released(world: World) -> None:
    world.requests = NoRoom(world.runs, businesses=world.requests.businesses)
    with pytest.raises(OsliraError) as refused:
        await world.post()
    assert refused.value.code == "cost_limit_reached"
    assert world.holds.held == {}
    assert world.hints.announced == []

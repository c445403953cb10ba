"""The rows behind a request."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.order import Order
from oslira_gateway.runs.ports import Acceptance, Reservation
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.ids import new_id

MakeOrder = Callable[..., Order]


async def accept(
    backend: Any, member: Member, order: Order, *, run_id: UUID | None = None, key: str | None = None
) -> Acceptance:
    reservation = Reservation(key, 0) if key else None
    return await backend.requests.accept(
        member, order, run_id=run_id or new_id(), reservation=reservation, request_id="req-1"
    )


async def test_the_first_accept_makes_a_queued_run(
    backend: Any, at_home: Member, make_order: MakeOrder
) -> None:
    run_id = new_id()
    accepted = await accept(backend, at_home, make_order(), run_id=run_id)
    assert accepted == Acceptance("accepted", run_id, RunStatus.QUEUED, 0)
    run = await backend.runs.find(at_home, run_id)
    assert (run.status, run.credits.held, run.is_ended) == (RunStatus.QUEUED, 1, False)


async def test_the_same_analysis_at_work_wins(backend: Any, at_home: Member, make_order: MakeOrder) -> None:
    order = make_order()
    first = await accept(backend, at_home, order)
    second = await accept(backend, at_home, order)
    assert (second.outcome, second.run_id) == ("same", first.run_id)


async def test_of_ten_accepts_at_once_one_makes_a_run(
    backend: Any, at_home: Member, make_order: MakeOrder
) -> None:
    order = make_order()
    outcomes = await asyncio.gather(*(accept(backend, at_home, order) for _ in range(10)))
    assert sorted(accepted.outcome for accepted in outcomes) == ["accepted"] + ["same"] * 9
    assert len({accepted.run_id for accepted in outcomes}) == 1


async def test_an_id_that_is_a_run_exists(backend: Any, at_home: Member, make_order: MakeOrder) -> None:
    first = await accept(backend, at_home, make_order())
    again = await accept(backend, at_home, make_order("nasa"), run_id=first.run_id)
    assert again.outcome == "exists"


async def test_a_closed_id_never_becomes_a_run(backend: Any, at_home: Member, make_order: MakeOrder) -> None:
    run_id = new_id()
    await backend.close_id(run_id)
    assert (await accept(backend, at_home, make_order(), run_id=run_id)).outcome == "closed"
    assert await backend.runs.find(at_home, run_id) is None


async def test_what_stands_before_anything_is_held(
    backend: Any, at_home: Member, stranger: Member, make_order: MakeOrder
) -> None:
    order = make_order(business_profile_id=await backend.add_business(at_home))
    nothing = await backend.requests.order_state(at_home, order, None)
    assert (nothing.has_business_profile, nothing.same_run_id, nothing.used_key) == (True, None, None)
    assert not (await backend.requests.order_state(stranger, order, None)).has_business_profile
    accepted = await accept(backend, at_home, order, key="k")
    state = await backend.requests.order_state(at_home, order, "k")
    assert state.same_run_id == accepted.run_id
    used = state.used_key
    assert (used.run_id, used.status, used.generation, used.is_live) == (accepted.run_id, 202, 0, True)
    assert used.body_hash == order.body_hash
    assert (await backend.requests.order_state(stranger, order, "k")).used_key is None


async def test_a_finished_analysis_stands_while_it_is_fresh(
    backend: Any, at_home: Member, make_order: MakeOrder
) -> None:
    order = make_order(business_profile_id=await backend.add_business(at_home))
    first = await accept(backend, at_home, order)
    await backend.complete(first.run_id)
    assert (await backend.requests.order_state(at_home, order, None)).same_run_id == first.run_id
    # Whoever is past that look and accepts gets a run of their own: only one at work stands in the way.
    assert (await accept(backend, at_home, order)).outcome == "accepted"


async def test_a_key_keeps_its_first_answer_until_it_expires(
    backend: Any, at_home: Member, make_order: MakeOrder
) -> None:
    order, other = make_order("one"), make_order("two")
    first = await accept(backend, at_home, order, key="k")
    await backend.requests.remember(at_home, other, run_id=new_id(), reservation=Reservation("k", 0))
    assert (await backend.requests.order_state(at_home, order, "k")).used_key.run_id == first.run_id
    await backend.expire_keys()
    assert not (await backend.requests.order_state(at_home, order, "k")).used_key.is_live
    later = new_id()
    await backend.requests.remember(at_home, other, run_id=later, reservation=Reservation("k", 1))
    used = (await backend.requests.order_state(at_home, order, "k")).used_key
    assert (used.run_id, used.status, used.generation, used.is_live) == (later, 200, 1, True)


async def test_a_refused_accept_stores_no_answer(
    backend: Any, at_home: Member, make_order: MakeOrder
) -> None:
    run_id = new_id()
    await backend.close_id(run_id)
    await accept(backend, at_home, make_order(), run_id=run_id, key="k")
    assert (await backend.requests.order_state(at_home, make_order(), "k")).used_key is None


async def test_runs_are_seen_by_their_account_alone(
    backend: Any, at_home: Member, stranger: Member, make_order: MakeOrder
) -> None:
    run_id = (await accept(backend, at_home, make_order())).run_id
    assert await backend.runs.find(stranger, run_id) is None
    assert await backend.runs.follow(stranger.account_id, run_id) is None
    assert list(await backend.runs.page(stranger, status=None, after=None, limit=10)) == []
    assert (await backend.runs.follow(at_home.account_id, run_id)).run_id == run_id


async def test_runs_are_paged_newest_first(backend: Any, at_home: Member, make_order: MakeOrder) -> None:
    made = [(await accept(backend, at_home, make_order(f"name{n}"))).run_id for n in range(5)]
    await backend.complete(made[0])
    first = await backend.runs.page(at_home, status=None, after=None, limit=3)
    rest = await backend.runs.page(
        at_home, status=None, after=Cursor(first[-1].created_at, first[-1].run_id), limit=3
    )
    assert [run.run_id for run in (*first, *rest)] == made[::-1]
    done = await backend.runs.page(at_home, status=RunStatus.COMPLETED, after=None, limit=3)
    assert [run.run_id for run in done] == made[:1]

"""Memberships and business profiles."""

import time
from dataclasses import replace
from typing import Any

import pytest
from oslira_gateway.business.profile import BusinessContext, IdealCustomer
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Caller, Member
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

CONTEXT = BusinessContext(
    name="Studio", offer="Фото 📷", ideal_customer=IdealCustomer(followers_min=10, signals=["sells"])
)


async def test_memberships_come_oldest_first(backend: Any, at_home: Member) -> None:
    second = replace(at_home, account_id=new_id(), role="member")
    await backend.join(second)
    found = await backend.memberships.of_user(at_home.caller.user_id)
    assert [(m.account_id, m.role) for m in found] == [
        (at_home.account_id, "owner"),
        (second.account_id, "member"),
    ]
    assert list(await backend.memberships.of_user(new_id())) == []


async def test_a_business_profile_reads_as_it_was_written(backend: Any, at_home: Member) -> None:
    profile_id = new_id()
    added = await backend.businesses.add(at_home, profile_id, CONTEXT)
    assert (added.business_profile_id, added.version, added.name) == (profile_id, 1, "Studio")
    assert await backend.businesses.find(at_home, profile_id) == added
    assert added.ideal_customer == CONTEXT.ideal_customer


async def test_a_business_profile_is_its_accounts_alone(
    backend: Any, at_home: Member, stranger: Member
) -> None:
    profile_id = new_id()
    await backend.businesses.add(at_home, profile_id, CONTEXT)
    assert await backend.businesses.find(stranger, profile_id) is None
    assert await backend.businesses.page(stranger, after=None, limit=5) == []


async def test_one_user_in_two_accounts_sees_the_chosen_one(backend: Any, at_home: Member) -> None:
    other = Member(Caller(at_home.caller.user_id), new_id(), "owner")
    await backend.join(other)
    profile_id = new_id()
    await backend.businesses.add(at_home, profile_id, CONTEXT)
    assert await backend.businesses.find(other, profile_id) is None


async def test_business_profiles_are_paged_newest_first(backend: Any, at_home: Member) -> None:
    made = [(await backend.businesses.add(at_home, new_id(), CONTEXT)).business_profile_id for _ in range(3)]
    first = await backend.businesses.page(at_home, after=None, limit=2)
    place = Cursor(first[-1].created_at, first[-1].business_profile_id)
    rest = await backend.businesses.page(at_home, after=place, limit=2)
    assert [profile.business_profile_id for profile in (*first, *rest)] == made[::-1]


async def test_a_sign_in_that_has_ended_opens_nothing(backend: Any, at_home: Member) -> None:
    def caller(session: str, signed_in_at_s: int = 0) -> Caller:
        return replace(at_home.caller, session=session, signed_in_at_s=signed_in_at_s)

    now_s, looked_up = int(time.time()), backend.memberships.of_caller
    for ended in (caller("one"), caller("", now_s)):
        assert [m.account_id for m in await looked_up(ended)] == [at_home.account_id]
        await backend.sign_outs.sign_out(ended)
        with pytest.raises(OsliraError, match="signed_out"):
            await looked_up(ended)
    assert [m.account_id for m in await looked_up(caller("two"))] == [at_home.account_id]
    assert list(await looked_up(Caller(new_id(), session="one"))) == []


async def test_without_a_session_id_a_later_sign_in_is_another_one(
    postgres_backend: Any, member: Member
) -> None:
    await postgres_backend.join(member)
    now_s, looked_up = int(time.time()), postgres_backend.memberships.of_caller
    await postgres_backend.sign_outs.sign_out(member.caller)
    with pytest.raises(OsliraError, match="signed_out"):
        await looked_up(replace(member.caller, signed_in_at_s=now_s - 60))
    # Issued later, or nobody knows when.
    for signed_in_at_s in (now_s + 60, 0):
        assert len(await looked_up(replace(member.caller, signed_in_at_s=signed_in_at_s))) == 1

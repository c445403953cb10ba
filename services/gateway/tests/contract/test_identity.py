"""Memberships and business profiles."""

from dataclasses import replace
from typing import Any

from oslira_gateway.business.profile import BusinessContext, IdealCustomer
from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Caller, Member
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

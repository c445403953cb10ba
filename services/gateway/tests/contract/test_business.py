"""Business profiles: versions, concurrent changes, deletion and restore, and their limit."""

import asyncio
from typing import Any

import pytest
from oslira_gateway.business.profile import BusinessContext, BusinessPatch, IdealCustomer
from oslira_gateway.identity.caller import Member
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

FIRST = BusinessContext(name="Studio", offer="Photos", ideal_customer=IdealCustomer(signals=["sells"]))
SECOND = FIRST.model_copy(update={"offer": "Films"})


async def code_of(doing: Any) -> str:
    with pytest.raises(OsliraError) as refused:
        await doing
    return refused.value.code


async def test_a_change_is_a_new_version_and_the_old_one_stays_readable(
    backend: Any, at_home: Member
) -> None:
    profile_id = new_id()
    await backend.businesses.add(at_home, profile_id, FIRST)
    changed = await backend.businesses.change(at_home, profile_id, SECOND, version=1)
    assert (changed.version, changed.offer) == (2, "Films")
    assert changed.updated_at > changed.created_at
    same = await backend.businesses.change(at_home, profile_id, SECOND, version=None)
    assert same == changed
    versions = await backend.businesses.versions(at_home, profile_id, below=None, limit=5)
    assert [(one.version, one.offer) for one in versions] == [(2, "Films"), (1, "Photos")]
    older = await backend.businesses.versions(at_home, profile_id, below=2, limit=5)
    assert [one.version for one in older] == [1]


async def test_of_two_changes_of_the_same_version_one_gets_a_conflict(backend: Any, at_home: Member) -> None:
    profile_id = new_id()
    await backend.businesses.add(at_home, profile_id, FIRST)
    changes = [
        backend.businesses.change(
            at_home, profile_id, FIRST.model_copy(update={"name": f"N{number}"}), version=1
        )
        for number in range(4)
    ]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, OsliraError)]
    assert refused == ["version_conflict"] * 3
    assert (await backend.businesses.find(at_home, profile_id)).version == 2


async def test_a_profile_goes_and_comes_back(backend: Any, at_home: Member) -> None:
    profile_id = new_id()
    added = await backend.businesses.add(at_home, profile_id, FIRST)
    assert await code_of(backend.businesses.delete(at_home, profile_id, version=7)) == "version_conflict"
    await backend.businesses.delete(at_home, profile_id, version=1)
    assert await backend.businesses.find(at_home, profile_id) is None
    assert await backend.businesses.page(at_home, after=None, limit=5) == []
    gone = "business_profile_not_found"
    assert await code_of(backend.businesses.delete(at_home, profile_id, version=None)) == gone
    assert await code_of(backend.businesses.change(at_home, profile_id, SECOND, version=None)) == gone
    for _ in range(2):
        assert (await backend.businesses.restore(at_home, profile_id)).version == added.version
    assert (await backend.businesses.find(at_home, profile_id)).context == FIRST


async def test_another_account_changes_nothing(backend: Any, at_home: Member, stranger: Member) -> None:
    profile_id, gone = new_id(), "business_profile_not_found"
    await backend.businesses.add(at_home, profile_id, FIRST)
    assert await code_of(backend.businesses.change(stranger, profile_id, SECOND, version=1)) == gone
    assert await code_of(backend.businesses.delete(stranger, profile_id, version=1)) == gone
    assert await code_of(backend.businesses.restore(stranger, profile_id)) == gone
    assert await backend.businesses.versions(stranger, profile_id, below=None, limit=5) == []
    await backend.businesses.delete(at_home, profile_id, version=1)
    assert await code_of(backend.businesses.restore(stranger, profile_id)) == gone


async def test_an_account_has_fifty_profiles_at_most_also_when_asked_at_once(
    backend: Any, at_home: Member, stranger: Member
) -> None:
    made = [(await backend.businesses.add(at_home, new_id(), FIRST)).business_profile_id for _ in range(48)]
    adds = [backend.businesses.add(at_home, new_id(), FIRST) for _ in range(5)]
    outcomes = await asyncio.gather(*adds, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, OsliraError)]
    assert [(error.code, error.extra) for error in refused] == [("limit_reached", {"limit": 50})] * 3
    await backend.businesses.add(stranger, new_id(), FIRST)
    await backend.businesses.delete(at_home, made[0], version=None)
    await backend.businesses.add(at_home, new_id(), FIRST)
    assert await code_of(backend.businesses.restore(at_home, made[0])) == "limit_reached"


def test_a_patch_changes_what_it_names() -> None:
    patch = BusinessPatch.model_validate(
        {"offer": None, "tone": "warm", "ideal_customer": {"location": "Porto"}}
    )
    patched = patch.applied_to(FIRST)
    assert (patched.name, patched.offer, patched.tone) == ("Studio", None, "warm")
    assert (patched.ideal_customer.location, patched.ideal_customer.signals) == ("Porto", ["sells"])
    assert (
        BusinessPatch.model_validate({"ideal_customer": None}).applied_to(FIRST).ideal_customer
        == IdealCustomer()
    )
    assert BusinessPatch().applied_to(FIRST) == FIRST

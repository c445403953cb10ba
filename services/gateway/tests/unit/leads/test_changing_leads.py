"""Deleting, restoring and refreshing leads, one and several."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.lead import Lead
from oslira_gateway.leads.many_leads import LeadsRefresh
from oslira_gateway.leads.refresh_leads import RefreshLeads
from oslira_shared.contracts.analysis.v1 import AnalysisType
from oslira_shared.errors import OsliraError
from oslira_shared.ids import derived_id
from sample_leads import BUSINESS, lead


async def test_a_lead_goes_and_comes_back_unless_another_has_its_place(
    api: Any, client: httpx.AsyncClient, member: Member, five: list[Lead]
) -> None:
    path = f"/v1/leads/{five[0].lead_id}"
    assert (await client.get(path)).json()["username"] == "name.001"
    assert (await client.delete(path)).status_code == 204
    for answer in (await client.get(path), await client.delete(path), await client.get(f"{path}/analyses")):
        assert (answer.status_code, answer.json()["code"]) == (404, "lead_not_found")
    assert (await client.post(f"{path}/restore")).json()["username"] == "name.001"
    await client.delete(path)
    api.leads.add(member.account_id, lead(1, lead_id=derived_id("newer")))
    answer = await client.post(f"{path}/restore")
    assert (answer.status_code, answer.json()["code"]) == (409, "lead_replaced")
    assert answer.json()["lead_id"] == str(derived_id("newer"))


async def test_several_leads_go_and_come_back_and_each_has_its_outcome(
    api: Any, client: httpx.AsyncClient, member: Member, five: list[Lead]
) -> None:
    theirs = derived_id("lead", 9)
    wanted = [str(five[1].lead_id), str(theirs), str(five[0].lead_id), str(five[1].lead_id)]
    for _ in range(2):  # asked again, it answers the same
        body = (await client.post("/v1/leads/delete", json={"lead_ids": wanted})).json()
        assert [item["outcome"] for item in body["items"]] == ["deleted", "not_found", "deleted"]
        assert [item["lead_id"] for item in body["items"]] == wanted[:3]
        assert body["changed"] == 2
    assert [one["username"] for one in (await client.get("/v1/leads")).json()["items"]] == [
        "name.003",
        "name.004",
        "name.005",
    ]
    assert await api.leads.find(Member(member.caller, api.leads.rows[theirs][0], "owner"), theirs)
    api.leads.add(member.account_id, lead(1, lead_id=derived_id("newer")))
    body = (await client.post("/v1/leads/restore", json={"lead_ids": wanted})).json()
    assert [item["outcome"] for item in body["items"]] == ["restored", "not_found", "replaced"]
    assert body["items"][2]["replaced_by"] == str(derived_id("newer"))
    assert body["changed"] == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"lead_ids": []}, {"lead_ids": ["x"]}, {"lead_ids": [str(BUSINESS)] * 1_001}, {"lead_ids": None}],
    ids=len,
)
async def test_a_list_of_leads_that_is_none_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    for path in ("/v1/leads/delete", "/v1/leads/restore"):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_a_refresh_of_leads_is_an_order_of_their_profiles(
    api: Any, member: Member, five: list[Lead]
) -> None:
    nothing: Any = None  # ordering is the bulk's own
    refresh_leads = RefreshLeads(api.leads, nothing, unchanged_within=timedelta(minutes=5))
    ids = [five[2].lead_id, derived_id("lead", 9), five[0].lead_id, five[2].lead_id]
    order = await refresh_leads.order(member, LeadsRefresh(lead_ids=ids, type="deep", max_credits=2))
    assert [(name.line, name.username) for name in order.names.names] == [(1, "name.003"), (3, "name.001")]
    assert [(one.line, one.problem) for one in order.names.rejected] == [
        (2, "lead_not_found"),
        (4, "duplicate"),
    ]
    assert (order.type, order.business_profile_id, order.max_credits) == (AnalysisType.DEEP, BUSINESS, 2)
    assert order.reuse_within < timedelta(0)
    # Sent again after one of them was deleted it is still the same order.
    await api.leads.delete(member, five[0].lead_id)
    again = await refresh_leads.order(member, LeadsRefresh(lead_ids=ids, type="deep", max_credits=2))
    assert again.body_hash == order.body_hash
    other = await refresh_leads.order(member, LeadsRefresh(lead_ids=ids[:1], type="deep", max_credits=2))
    assert other.body_hash != order.body_hash


async def test_a_refresh_of_leads_is_of_one_business_and_of_what_is_there(
    api: Any, member: Member, five: list[Lead]
) -> None:
    nothing: Any = None
    refresh_leads = RefreshLeads(api.leads, nothing, unchanged_within=timedelta(minutes=5))
    api.leads.add(member.account_id, lead(7, business_profile_id=derived_id("another")))
    for ids, kind, code in (
        ([five[0].lead_id, derived_id("lead", 7)], "light", "invalid_request"),
        ([derived_id("lead", 9), derived_id("nobody")], "light", "lead_not_found"),
        ([five[0].lead_id], "psychic", "unknown_type"),
    ):
        with pytest.raises(OsliraError) as caught:
            await refresh_leads.order(member, LeadsRefresh(lead_ids=ids, type=kind))
        assert caught.value.code == code

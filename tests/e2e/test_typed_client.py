"""The typed client against the real API: one order however often, a stream to its end, lists to theirs, a download, a problem."""

import pytest
from oslira_client import NotFound
from oslira_client.generated.bulk import BulkBody
from oslira_client.generated.shared import Bulk
from oslira_devstack.stack import Stack
from people import foreign_id, person


async def test_a_bulk_is_ordered_followed_and_its_leads_are_read(stack: Stack) -> None:
    names = [f"typed.{letter}" for letter in "abcd"]
    async with person(stack, available_credits=10, plan="enterprise") as user:
        client = user.client
        order = BulkBody(usernames=names, type="light", business_profile_id=user.who.business_profile_id)
        made = await client.bulk.create_bulk(order, idempotency_key="typed")
        assert (await client.bulk.create_bulk(order, idempotency_key="typed")).bulk_id == made.bulk_id
        events = [event async for event in client.bulk.follow_bulk(made.bulk_id)]
        assert {event.name for event in events} == {"progress", "bulk"}
        end = events[-1].data
        assert isinstance(end, Bulk)
        assert (end.status, end.counts.completed) == ("completed", 4)
        items = [item.username async for item in client.bulk.list_bulk_items(made.bulk_id, limit=3)]
        assert items == names
        leads = client.leads.list_leads(sort="username", order="asc", limit=3)
        assert len((await leads.first()).items) == 3
        assert [lead.username async for lead in leads] == names
        exported = b"".join([chunk async for chunk in client.leads.export_leads(type="light")])
        assert [exported.decode("utf-8-sig").count(f'"{name}",') for name in names] == [1] * 4
        with pytest.raises(NotFound) as missing:
            await client.leads.get_lead(foreign_id())
        assert missing.value.code == "lead_not_found"

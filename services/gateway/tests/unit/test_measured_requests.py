"""Requests are measured for their account: by route and status, never by ids."""

from typing import Any
from uuid import UUID

import httpx
from oslira_gateway.http.edge import Edge
from oslira_gateway.identity.caller import Member
from oslira_shared.contracts.points import Metric
from oslira_shared.ids import new_id


class Measured:
    """Implements Points."""

    def __init__(self) -> None:
        self.points: list[tuple[Metric, str, UUID]] = []

    def emit(self, metric: Metric, label: str, value_us: int, *, account_id: UUID) -> None:
        assert value_us > 0
        self.points.append((metric, label, account_id))


async def test_a_members_request_is_measured_by_its_route_and_an_anonymous_one_is_not(
    api: Any, member: Member
) -> None:
    measured = Measured()
    transport = httpx.ASGITransport(Edge(api.app.application, measured), raise_app_exceptions=False)
    headers = api.join(member)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        await client.get("/v1/leads", headers=headers, params={"q": "somebody"})
        await client.get(f"/v1/leads/{new_id()}", headers=headers)
        # Nobody's: open to all, nobody known, no such account, and no such address.
        await client.get("/v1/plans", headers=headers)
        await client.get("/v1/leads")
        await client.get("/v1/leads", headers={**headers, "x-account-id": str(new_id())})
        await client.get("/v1/nothing", headers=headers)
    assert measured.points == [
        (Metric.REQUEST, "GET /v1/leads 200", member.account_id),
        (Metric.REQUEST, "GET /v1/leads/{lead_id} 404", member.account_id),
    ]

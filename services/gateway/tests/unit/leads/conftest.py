"""A member's client, and five leads of the account; another account has one too."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.lead import Lead
from sample_leads import lead


@pytest_asyncio.fixture
async def client(api: Any, member: Member) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    headers = api.join(member)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        yield client


@pytest.fixture
def five(api: Any, member: Member, stranger: Member) -> list[Lead]:
    made = [lead(number) for number in range(1, 6)]
    for one in made:
        api.leads.add(member.account_id, one)
    api.leads.add(stranger.account_id, lead(9))
    return made

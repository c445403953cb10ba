"""A user's first requests, on the whole system: one account, one trial, and the books add up."""

import asyncio
import uuid
from typing import Any

import httpx
from oslira_devstack.access import access_to
from oslira_devstack.make_user import sign_token
from oslira_devstack.stack import Stack
from people import differences, eventually


async def test_the_first_requests_of_a_user_make_one_account_with_one_trial(stack: Stack) -> None:
    access = access_to(stack.describe(), stack.credentials)
    secret, user_id = stack.credentials.jwt_secret, uuid.uuid4()
    token = sign_token(secret, user_id=user_id, email=f"{user_id.hex[:12]}@oslira.test")
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=access.gateway_url, headers=headers, timeout=20) as http:
        answers = await asyncio.gather(*(http.get("/v1/me") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        accounts = {account["account_id"] for answer in answers for account in answer.json()["accounts"]}
        assert len(accounts) == 1

        async def balance() -> dict[str, Any] | None:
            found = (await http.get("/v1/credits/balance")).json()
            return found if found["available"] else None

        found = await eventually(balance)
        assert (found["available"], [grant["source"] for grant in found["grants"]]) == (25, ["subscription"])
        subscription = (await http.get("/v1/billing/subscription")).json()["subscription"]
        assert (subscription["plan"], subscription["status"]) == ("free", "active")
    assert await differences(stack) == []

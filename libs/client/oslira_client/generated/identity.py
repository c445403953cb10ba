"""Identity. Generated from docs/generated/openapi.json: `make openapi`."""

from uuid import UUID

from oslira_client.calls import Calls
from oslira_client.shapes import Answer


class Membership(Answer):
    account_id: UUID
    kind: str
    name: str
    role: str


class Me(Answer):
    accounts: list[Membership]
    email: str | None
    user_id: UUID


class IdentityApi:
    """`client.identity`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def read_me(self) -> Me:
        """`GET /v1/me`"""
        return await self._calls.read("/v1/me", {200: Me})

    async def sign_out(self) -> None:
        """`POST /v1/sign-out`"""
        await self._calls.do("POST", "/v1/sign-out")

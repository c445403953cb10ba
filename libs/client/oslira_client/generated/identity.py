"""Identity. Generated from docs/generated/openapi.json: `make openapi`."""

from typing import Literal, TypeAlias
from uuid import UUID

from oslira_client.calls import Calls
from oslira_client.shapes import Answer, Order


class Membership(Answer):
    account_id: UUID
    kind: Literal["personal", "team"] | str
    name: str
    role: Literal["owner", "admin", "member"] | str


class Me(Answer):
    accounts: list[Membership]
    email: str | None
    user_id: UUID


TrialStatus: TypeAlias = (
    Literal["started", "starting", "challenge_required", "next_day", "refused", "none"] | str
)


class Trial(Answer):
    status: TrialStatus


class TrialBody(Order):
    """`challenge`: the response that the Turnstile widget gave the user's browser; it is good once."""

    challenge: str | None = None


class IdentityApi:
    """`client.identity`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get_me(self) -> Me:
        """`GET /v1/me`.

        The user of the token, and the accounts that `X-Account-Id` may name.
        """
        return await self._calls.read("/v1/me", {200: Me})

    async def sign_out(self) -> None:
        """`POST /v1/sign-out`.

        Tokens of this sign-in are refused from now on; its event streams and tickets end within 5 seconds.
        """
        await self._calls.do("POST", "/v1/sign-out")

    async def get_trial(self) -> Trial:
        """`GET /v1/trial`.

        How the trial of the account in use stands.
        """
        return await self._calls.read("/v1/trial", {200: Trial})

    async def start_trial(self, body: TrialBody) -> Trial:
        """`POST /v1/trial`.

        Most trials begin with a user's first request. One that waits for a challenge begins here; again: the
        same answer.
        """
        return await self._calls.send("POST", "/v1/trial", {200: Trial}, body=body)

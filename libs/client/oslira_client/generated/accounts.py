"""Accounts. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from oslira_client.calls import Calls, path_of
from oslira_client.paging import Pages
from oslira_client.shapes import Answer, Order


class AccountView(Answer):
    account_id: UUID
    kind: Literal["personal", "team"] | str
    name: str
    role: Literal["owner", "admin", "member"] | str


class AccountName(Order):
    """The account's name."""

    name: str


class InvitationView(Answer):
    created_at: datetime
    email: str
    expires_at: datetime
    invitation_id: UUID
    invited_by: UUID | None
    role: Literal["admin", "member"] | str


class IssuedInvitation(Answer):
    created_at: datetime
    email: str
    expires_at: datetime
    invitation_id: UUID
    invited_by: UUID | None
    role: Literal["admin", "member"] | str
    token: str


class NewInvitation(Order):
    """The invited address and its role. An owner is made by changing a member's role, not by invitation."""

    email: str
    role: Literal["admin", "member"] = "member"


class MemberView(Answer):
    email: str | None
    joined_at: datetime
    role: Literal["owner", "admin", "member"] | str
    user_id: UUID


class NewRole(Order):
    """The member's new role."""

    role: Literal["owner", "admin", "member"]


class AccountsApi:
    """`client.accounts`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list_accounts(self) -> Pages[AccountView]:
        """`GET /v1/accounts`.

        Every account that the user belongs to, oldest membership first.
        """
        return self._calls.pages("/v1/accounts", AccountView)

    async def create_account(self, body: AccountName) -> AccountView:
        """`POST /v1/accounts`.

        A team account that the user owns. It has no free plan: that is the personal account's.
        """
        return await self._calls.send("POST", "/v1/accounts", {201: AccountView}, body=body)

    async def get_account(self, account_id: UUID | str) -> AccountView:
        """`GET /v1/accounts/{account_id}`.

        One account of the caller, and the caller's role in it.
        """
        return await self._calls.read(
            path_of("/v1/accounts/{account_id}", account_id=account_id), {200: AccountView}
        )

    async def update_account(self, account_id: UUID | str, body: AccountName) -> AccountView:
        """`PATCH /v1/accounts/{account_id}`.

        Change the account's name.
        """
        return await self._calls.send(
            "PATCH",
            path_of("/v1/accounts/{account_id}", account_id=account_id),
            {200: AccountView},
            body=body,
        )

    async def delete_account(self, account_id: UUID | str) -> None:
        """`DELETE /v1/accounts/{account_id}`.

        The account and its credits are inaccessible at once; its data is purged after 30 days.
        """
        await self._calls.do("DELETE", path_of("/v1/accounts/{account_id}", account_id=account_id))

    def list_invitations(self, account_id: UUID | str) -> Pages[InvitationView]:
        """`GET /v1/accounts/{account_id}/invitations`.

        Invitations that can still be accepted.
        """
        return self._calls.pages(
            path_of("/v1/accounts/{account_id}/invitations", account_id=account_id), InvitationView
        )

    async def create_invitation(self, account_id: UUID | str, body: NewInvitation) -> IssuedInvitation:
        """`POST /v1/accounts/{account_id}/invitations`.

        The token is in this answer only, and valid for 7 days. A new invitation for an address ends the open
        one.
        """
        return await self._calls.send(
            "POST",
            path_of("/v1/accounts/{account_id}/invitations", account_id=account_id),
            {201: IssuedInvitation},
            body=body,
        )

    async def revoke_invitation(self, account_id: UUID | str, invitation_id: UUID | str) -> None:
        """`DELETE /v1/accounts/{account_id}/invitations/{invitation_id}`.

        End an open invitation. Its token is rejected afterwards.
        """
        await self._calls.do(
            "DELETE",
            path_of(
                "/v1/accounts/{account_id}/invitations/{invitation_id}",
                invitation_id=invitation_id,
                account_id=account_id,
            ),
        )

    def list_members(self, account_id: UUID | str) -> Pages[MemberView]:
        """`GET /v1/accounts/{account_id}/members`.

        All members of the account, with their roles.
        """
        return self._calls.pages(
            path_of("/v1/accounts/{account_id}/members", account_id=account_id), MemberView
        )

    async def update_member(self, account_id: UUID | str, user_id: UUID | str, body: NewRole) -> MemberView:
        """`PATCH /v1/accounts/{account_id}/members/{user_id}`.

        Change a member's role. An account always keeps one owner.
        """
        return await self._calls.send(
            "PATCH",
            path_of("/v1/accounts/{account_id}/members/{user_id}", user_id=user_id, account_id=account_id),
            {200: MemberView},
            body=body,
        )

    async def remove_member(self, account_id: UUID | str, user_id: UUID | str) -> None:
        """`DELETE /v1/accounts/{account_id}/members/{user_id}`.

        Any member may leave; removing another member needs a role that may.
        """
        await self._calls.do(
            "DELETE",
            path_of("/v1/accounts/{account_id}/members/{user_id}", user_id=user_id, account_id=account_id),
        )

    async def accept_invitation(self, token: str) -> AccountView:
        """`POST /v1/invitations/{token}/accept`.

        For the invited address, confirmed. Accepting again gives the same answer.
        """
        return await self._calls.send(
            "POST", path_of("/v1/invitations/{token}/accept", token=token), {200: AccountView}
        )

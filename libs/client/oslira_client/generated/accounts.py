"""Accounts. Generated from docs/generated/openapi.json: `make openapi`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from oslira_client.calls import Calls, path_of
from oslira_client.paging import Pages
from oslira_client.shapes import Answer, Order


class AccountView(Answer):
    account_id: UUID
    kind: str
    name: str
    role: str


class AccountName(Order):
    """What an account is called."""

    name: str


class InvitationView(Answer):
    created_at: datetime
    email: str
    expires_at: datetime
    invitation_id: UUID
    invited_by: UUID | None
    role: str


class IssuedInvitation(Answer):
    created_at: datetime
    email: str
    expires_at: datetime
    invitation_id: UUID
    invited_by: UUID | None
    role: str
    token: str


class NewInvitation(Order):
    """Who is invited, and as what. An owner is made by changing a member's role, not by invitation."""

    email: str
    role: Literal["admin", "member"] = "member"


class MemberView(Answer):
    email: str | None
    joined_at: datetime
    role: str
    user_id: UUID


class NewRole(Order):
    """What a member may do from now on."""

    role: Literal["owner", "admin", "member"]


class AccountsApi:
    """`client.accounts`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def list_accounts(self) -> Pages[AccountView]:
        """`GET /v1/accounts`"""
        return self._calls.pages("/v1/accounts", AccountView)

    async def create_account(self, body: AccountName) -> AccountView:
        """`POST /v1/accounts`"""
        return await self._calls.send("POST", "/v1/accounts", {201: AccountView}, body=body)

    async def read_account(self, account_id: UUID | str) -> AccountView:
        """`GET /v1/accounts/{account_id}`"""
        return await self._calls.read(
            path_of("/v1/accounts/{account_id}", account_id=account_id), {200: AccountView}
        )

    async def rename_account(self, account_id: UUID | str, body: AccountName) -> AccountView:
        """`PATCH /v1/accounts/{account_id}`"""
        return await self._calls.send(
            "PATCH",
            path_of("/v1/accounts/{account_id}", account_id=account_id),
            {200: AccountView},
            body=body,
        )

    async def delete_account(self, account_id: UUID | str) -> None:
        """`DELETE /v1/accounts/{account_id}`"""
        await self._calls.do("DELETE", path_of("/v1/accounts/{account_id}", account_id=account_id))

    def list_invitations(self, account_id: UUID | str) -> Pages[InvitationView]:
        """`GET /v1/accounts/{account_id}/invitations`"""
        return self._calls.pages(
            path_of("/v1/accounts/{account_id}/invitations", account_id=account_id), InvitationView
        )

    async def invite(self, account_id: UUID | str, body: NewInvitation) -> IssuedInvitation:
        """`POST /v1/accounts/{account_id}/invitations`"""
        return await self._calls.send(
            "POST",
            path_of("/v1/accounts/{account_id}/invitations", account_id=account_id),
            {201: IssuedInvitation},
            body=body,
        )

    async def revoke_invitation(self, account_id: UUID | str, invitation_id: UUID | str) -> None:
        """`DELETE /v1/accounts/{account_id}/invitations/{invitation_id}`"""
        await self._calls.do(
            "DELETE",
            path_of(
                "/v1/accounts/{account_id}/invitations/{invitation_id}",
                invitation_id=invitation_id,
                account_id=account_id,
            ),
        )

    def list_members(self, account_id: UUID | str) -> Pages[MemberView]:
        """`GET /v1/accounts/{account_id}/members`"""
        return self._calls.pages(
            path_of("/v1/accounts/{account_id}/members", account_id=account_id), MemberView
        )

    async def change_role(self, account_id: UUID | str, user_id: UUID | str, body: NewRole) -> MemberView:
        """`PATCH /v1/accounts/{account_id}/members/{user_id}`"""
        return await self._calls.send(
            "PATCH",
            path_of("/v1/accounts/{account_id}/members/{user_id}", user_id=user_id, account_id=account_id),
            {200: MemberView},
            body=body,
        )

    async def remove_member(self, account_id: UUID | str, user_id: UUID | str) -> None:
        """`DELETE /v1/accounts/{account_id}/members/{user_id}`"""
        await self._calls.do(
            "DELETE",
            path_of("/v1/accounts/{account_id}/members/{user_id}", user_id=user_id, account_id=account_id),
        )

    async def accept_invitation(self, token: str) -> AccountView:
        """`POST /v1/invitations/{token}/accept`"""
        return await self._calls.send(
            "POST", path_of("/v1/invitations/{token}/accept", token=token), {200: AccountView}
        )

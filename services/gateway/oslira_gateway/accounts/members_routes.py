"""`/v1/accounts/{id}/members` and its invitations."""

from typing import Any, Final

from litestar import Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from oslira_gateway.accounts.account import (
    AccountView,
    InvitationView,
    IssuedInvitation,
    MemberView,
    NewInvitation,
    NewRole,
)
from oslira_gateway.accounts.postgres import PostgresAccounts
from oslira_gateway.accounts.postgres_invitations import PostgresInvitations
from oslira_gateway.http.auth import ACCOUNT_IN_PATH, ANY_USER, caller_of, member_of, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.listing import Page
from oslira_gateway.identity.permissions import Action, needs, require

_MEMBERS: Final = "/accounts/{account_id:str}/members"
_INVITATIONS: Final = "/accounts/{account_id:str}/invitations"
_HERE: Final = {ACCOUNT_IN_PATH: True}


def member_routes(accounts: PostgresAccounts) -> list[Any]:
    """Routes about members."""

    @get(_MEMBERS, operation_id="listMembers", opt=_HERE, tags=["accounts"])
    async def list_members(request: Request[Any, Any, Any]) -> Page[MemberView]:
        """All members of the account, with their roles."""
        return Page(list(await accounts.members(member_of(request))))

    @patch(
        f"{_MEMBERS}/{{user_id:str}}",
        operation_id="updateMember",
        opt=_HERE | needs(Action.CHANGE_ROLES),
        tags=["accounts"],
        responses=refuses("member_not_found", "last_owner"),
    )
    async def change_role(
        request: Request[Any, Any, Any], user_id: FromPath[str], data: JSONBody[NewRole]
    ) -> MemberView:
        """Change a member's role. An account always keeps one owner."""
        return await accounts.change_role(member_of(request), path_id(user_id, "member_not_found"), data.role)

    @delete(
        f"{_MEMBERS}/{{user_id:str}}",
        operation_id="removeMember",
        opt=_HERE,
        tags=["accounts"],
        responses=refuses("member_not_found", "last_owner"),
    )
    async def remove_member(request: Request[Any, Any, Any], user_id: FromPath[str]) -> None:
        """Any member may leave; removing another member needs a role that may."""
        member, who = member_of(request), path_id(user_id, "member_not_found")
        if who != member.caller.user_id:
            require(member, Action.REMOVE_MEMBERS)
        await accounts.remove(member, who)

    return [list_members, change_role, remove_member]


def invitation_routes(invitations: PostgresInvitations) -> list[Any]:
    """Routes about invitations."""
    inviting = _HERE | needs(Action.INVITE_MEMBERS)

    @get(_INVITATIONS, operation_id="listInvitations", opt=inviting, tags=["accounts"])
    async def list_invitations(request: Request[Any, Any, Any]) -> Page[InvitationView]:
        """Invitations that can still be accepted."""
        return Page(list(await invitations.open(member_of(request))))

    @post(
        _INVITATIONS,
        operation_id="createInvitation",
        opt=inviting,
        tags=["accounts"],
        responses=refuses("limit_reached"),
    )
    async def invite(request: Request[Any, Any, Any], data: JSONBody[NewInvitation]) -> IssuedInvitation:
        """The token is in this answer only, and valid for 7 days. A new invitation for an address ends the open one."""
        return await invitations.issue(member_of(request), data)

    @delete(
        f"{_INVITATIONS}/{{invitation_id:str}}",
        operation_id="revokeInvitation",
        opt=inviting,
        tags=["accounts"],
        responses=refuses("invitation_not_found"),
    )
    async def revoke_invitation(request: Request[Any, Any, Any], invitation_id: FromPath[str]) -> None:
        """End an open invitation. Its token is rejected afterwards."""
        await invitations.revoke(member_of(request), path_id(invitation_id, "invitation_not_found"))

    @post(
        "/invitations/{token:str}/accept",
        operation_id="acceptInvitation",
        status_code=200,
        opt={ANY_USER: True},
        tags=["accounts"],
        responses=refuses(
            "invitation_not_found", "invitation_not_yours", "limit_reached", "account_not_found"
        ),
    )
    async def accept_invitation(request: Request[Any, Any, Any], token: FromPath[str]) -> AccountView:
        """For the invited address, confirmed. Accepting again gives the same answer."""
        return await invitations.accept(caller_of(request), token)

    return [list_invitations, invite, revoke_invitation, accept_invitation]

"""`/app/team`: the account's members and invitations. `/app/settings`: its webhook endpoints."""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromPath
from oslira_client import Forbidden
from oslira_client.generated.accounts import AccountName, NewInvitation, NewRole

from oslira_gateway.console.addresses import HOME
from oslira_gateway.console.forms import field_of
from oslira_gateway.console.team.webhook_routes import webhook_routes
from oslira_gateway.console.visit import Visit, visit_of


def team_routes(*, app_url: str) -> list[Any]:
    """Members, invitations and settings of the account in use. `app_url`: the origin that invitations lead to."""

    @get("/app/team")
    async def show(request: Request[Any, Any, Any]) -> Response[str]:
        return await _team(visit_of(request), app_url)

    @post("/app/team/name", status_code=200)
    async def rename(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        name = AccountName(name=await field_of(request, "name"))
        await visit.api.accounts.update_account(await _account_id(visit), name)
        return visit.go("/app/team")

    @post("/app/team/new", status_code=200)
    async def new_account(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        made = await visit.api.accounts.create_account(AccountName(name=await field_of(request, "name")))
        await visit.choose_account(str(made.account_id))
        return visit.go("/app/team")

    @post("/app/team/invite", status_code=200)
    async def invite(request: Request[Any, Any, Any]) -> Response[str]:
        """The invitation's link is shown once: the API keeps no copy of its token."""
        visit, role = visit_of(request), await field_of(request, "role")
        invitation = NewInvitation(
            email=await field_of(request, "email"), role="admin" if role == "admin" else "member"
        )
        issued = await visit.api.accounts.create_invitation(await _account_id(visit), invitation)
        return await _team(visit, app_url, issued=issued)

    return [show, rename, new_account, invite, *membership_routes(), *webhook_routes()]


def membership_routes() -> list[Any]:
    """Roles, removals and invitations."""

    @post("/app/team/invitations/{invitation_id:uuid}/revoke", status_code=200)
    async def revoke(request: Request[Any, Any, Any], invitation_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        await visit.api.accounts.revoke_invitation(await _account_id(visit), invitation_id)
        return visit.go("/app/team")

    @post("/app/team/members/{user_id:uuid}/role", status_code=200)
    async def change_role(request: Request[Any, Any, Any], user_id: FromPath[UUID]) -> Response[str]:
        visit, role = visit_of(request), await field_of(request, "role")
        if role not in ("owner", "admin", "member"):
            raise ValidationException("There is no such role.")
        await visit.api.accounts.update_member(await _account_id(visit), user_id, NewRole(role=role))
        return visit.go("/app/team")

    @post("/app/team/members/{user_id:uuid}/remove", status_code=200)
    async def remove(request: Request[Any, Any, Any], user_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        await visit.api.accounts.remove_member(await _account_id(visit), user_id)
        return visit.go("/app/team")

    @get("/app/invitations/{token:str}")
    async def invitation(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
        return await visit_of(request).page("invitation.html", token=token)

    @post("/app/invitations/{token:str}", status_code=200)
    async def accept(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[str]:
        visit = visit_of(request)
        account = await visit.api.accounts.accept_invitation(token)
        await visit.choose_account(str(account.account_id))
        return visit.go(HOME)

    return [revoke, change_role, remove, invitation, accept]


async def _team(visit: Visit, app_url: str, issued: Any = None) -> Response[str]:
    account_id = await _account_id(visit)
    members, invitations = await asyncio.gather(
        visit.api.accounts.list_members(account_id).first(), _invitations(visit, account_id)
    )
    return await visit.page(
        "team.html",
        members=members.items,
        invitations=invitations,
        issued=issued,
        app_url=app_url.rstrip("/"),
        user=await visit.me(),
    )


async def _account_id(visit: Visit) -> UUID:
    account = visit.account_of(await visit.me())
    if account is None:
        raise NotFoundException
    return account.account_id


async def _invitations(visit: Visit, account_id: UUID) -> Any:
    """None for a member who may not see them."""
    try:
        return (await visit.api.accounts.list_invitations(account_id).first()).items
    except Forbidden:
        return None

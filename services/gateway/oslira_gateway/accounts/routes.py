"""`/v1/accounts`: the caller's accounts, and one of them."""

from typing import Any, Final

from litestar import Request, Response, delete, get, patch, post
from litestar.params import JSONBody
from oslira_shared.errors import OsliraError

from oslira_gateway.accounts.account import AccountName, AccountView
from oslira_gateway.accounts.postgres import PostgresAccounts
from oslira_gateway.http.auth import ACCOUNT_IN_PATH, ANY_USER, caller_of, member_of
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.listing import Page
from oslira_gateway.identity.permissions import Action, needs
from oslira_gateway.identity.ports import Memberships

_ONE: Final = "/accounts/{account_id:str}"
_HERE: Final = {ACCOUNT_IN_PATH: True}


def account_routes(accounts: PostgresAccounts, memberships: Memberships) -> list[Any]:
    """Routes about accounts."""

    async def mine(request: Request[Any, Any, Any]) -> list[AccountView]:
        found = await memberships.of_user(caller_of(request).user_id)
        return [AccountView(one.account_id, one.name, one.kind, one.role) for one in found]

    async def this(request: Request[Any, Any, Any]) -> AccountView:
        account_id = member_of(request).account_id
        for one in await mine(request):
            if one.account_id == account_id:
                return one
        raise OsliraError("account_not_found", "There is no such account among yours.")

    @get("/accounts", operation_id="listAccounts", opt={ANY_USER: True}, tags=["accounts"])
    async def list_accounts(request: Request[Any, Any, Any]) -> Page[AccountView]:
        """Every account that the user belongs to, oldest membership first."""
        return Page(await mine(request))

    @post(
        "/accounts",
        operation_id="createAccount",
        opt={ANY_USER: True},
        tags=["accounts"],
        responses=refuses("limit_reached", "no_account"),
    )
    async def create_account(
        request: Request[Any, Any, Any], data: JSONBody[AccountName]
    ) -> Response[AccountView]:
        """A team account that the user owns. It has no free plan: that is the personal account's."""
        account = await accounts.create(caller_of(request), data.name)
        location = f"/v1/accounts/{account.account_id}"
        return Response(account, status_code=201, headers={"Location": location})

    @get(_ONE, operation_id="getAccount", opt=_HERE, tags=["accounts"])
    async def read_account(request: Request[Any, Any, Any]) -> AccountView:
        """One account of the caller, and the caller's role in it."""
        return await this(request)

    @patch(_ONE, operation_id="updateAccount", opt=_HERE | needs(Action.RENAME_ACCOUNT), tags=["accounts"])
    async def rename_account(request: Request[Any, Any, Any], data: JSONBody[AccountName]) -> AccountView:
        """Change the account's name."""
        await accounts.rename(member_of(request), data.name)
        return await this(request)

    @delete(
        _ONE,
        operation_id="deleteAccount",
        opt=_HERE | needs(Action.DELETE_ACCOUNT),
        tags=["accounts"],
        responses=refuses("subscription_active"),
    )
    async def delete_account(request: Request[Any, Any, Any]) -> None:
        """The account and its credits are inaccessible at once; its data is purged after 30 days."""
        await accounts.delete(member_of(request))

    return [list_accounts, create_account, read_account, rename_account, delete_account]

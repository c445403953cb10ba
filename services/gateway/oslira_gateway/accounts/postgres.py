"""Accounts and members in Postgres."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Connection, Pool, UserClient

from oslira_gateway.accounts.account import MAX_ACCOUNTS_OF_USER, AccountView, MemberView
from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.identity.permissions import PERMISSIONS, Action, require

# A user's accounts are counted under a lock of the user's row, so that concurrent requests do not exceed the limit together.
_LOCK_USER: Final = "select 1 from identity.users where id = $1 for no key update"
_COUNT_ACCOUNTS: Final = """
select count(*) from identity.members m join identity.accounts a on a.id = m.account_id and a.deleted_at is null
 where m.user_id = $1
"""
_CREATE: Final = """
with account as (insert into identity.accounts (id, name, kind) values ($1, $2, 'team'))
insert into identity.members (account_id, user_id, role) values ($1, $3, 'owner')
"""
_RENAME: Final = "update identity.accounts set name = $2 where id = $1 and deleted_at is null"
_DELETE: Final = "update identity.accounts set deleted_at = now() where id = $1 and deleted_at is null"
# Subscriptions that Stripe goes on billing. One that ends with its period is not billed again.
_BILLED: Final = """
select exists (select from billing.subscriptions
  where account_id = $1 and source = 'stripe' and not cancel_at_period_end
    and state in ('incomplete', 'trialing', 'active', 'past_due', 'unpaid', 'paused'))
"""
_MEMBERS: Final = """
select m.user_id, u.email, m.role, m.created_at as joined_at
  from identity.members m join identity.users u on u.id = m.user_id
 where m.account_id = $1 order by m.created_at, m.user_id
"""
# A change of an account's members locks its row and reads in a second statement: two owners who leave at once take turns.
_LOCK_ACCOUNT: Final = "select 1 from identity.accounts where id = $1 and deleted_at is null for update"
_ROLE: Final = "select role from identity.members where account_id = $1 and user_id = $2"
_ROLES: Final = "select user_id, role from identity.members where account_id = $1"
_CHANGE_ROLE: Final = "update identity.members set role = $3 where account_id = $1 and user_id = $2"
# A member's invitations end with the member's role: otherwise a removed admin could return by one of them.
_REVOKE_INVITATIONS: Final = """
update identity.invitations set revoked_at = now()
 where account_id = $1 and invited_by = $2 and revoked_at is null and accepted_at is null
"""
_REMOVE: Final = "delete from identity.members where account_id = $1 and user_id = $2"


async def lock_account(connection: Connection, account_id: UUID) -> None:
    """Until the end of the transaction no other one changes its members. Raises `account_not_found` for a deleted one."""
    if await connection.fetchval(_LOCK_ACCOUNT, account_id) is None:
        raise OsliraError("account_not_found", "There is no such account among yours.")


async def lock_account_as(connection: Connection, member: Member, action: Action) -> None:
    """As `lock_account`, and reads the member's role again: it may have changed since the request was authorised.

    Raises `account_not_found` for a user who was removed meanwhile, `forbidden` for a role that may not.
    """
    await lock_account(connection, member.account_id)
    role = await connection.fetchval(_ROLE, member.account_id, member.caller.user_id)
    if role is None:
        raise OsliraError("account_not_found", "There is no such account among yours.")
    require(replace(member, role=role), action)


class PostgresAccounts:
    """Accounts and their members. The caller's role was checked before.

    Reads as the user; writes as the service, because users may not write memberships.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._service = AdminClient(pool)

    async def create(self, caller: Caller, name: str) -> AccountView:
        """A team account that the caller owns. Raises OsliraError `limit_reached`."""
        account_id = new_id()
        async with self._service.transaction() as connection:
            if await connection.fetchval(_LOCK_USER, caller.user_id) is None:
                raise OsliraError("no_account", "Confirm your e-mail address first.")
            if await connection.fetchval(_COUNT_ACCOUNTS, caller.user_id) >= MAX_ACCOUNTS_OF_USER:
                raise OsliraError(
                    "limit_reached",
                    "You belong to as many accounts as a user may.",
                    limit=MAX_ACCOUNTS_OF_USER,
                )
            await connection.execute(_CREATE, account_id, name, caller.user_id)
        return AccountView(account_id, name, "team", "owner")

    async def rename(self, member: Member, name: str) -> None:
        """Change its name, for all members."""
        async with self._service.transaction() as connection:
            await lock_account_as(connection, member, Action.RENAME_ACCOUNT)
            await connection.execute(_RENAME, member.account_id, name)

    async def delete(self, member: Member) -> None:
        """Close it at once; its rows are deleted 30 days later. Raises `subscription_active`."""
        async with self._as(member).transaction() as connection:
            if await connection.fetchval(_BILLED, member.account_id):
                raise OsliraError(
                    "subscription_active", "Cancel the subscription first; then the account can be deleted."
                )
        async with self._service.transaction() as connection:
            await lock_account_as(connection, member, Action.DELETE_ACCOUNT)
            await connection.execute(_DELETE, member.account_id)

    async def members(self, member: Member) -> Sequence[MemberView]:
        """All of them, oldest first."""
        async with self._as(member).transaction() as connection:
            rows = await connection.fetch(_MEMBERS, member.account_id)
        return [MemberView(**dict(row)) for row in rows]

    async def change_role(self, member: Member, user_id: UUID, role: str) -> MemberView:
        """Raises `member_not_found`; `last_owner` if the account would have no owner."""
        async with self._service.transaction() as connection:
            await lock_account_as(connection, member, Action.CHANGE_ROLES)
            roles = await self._roles(connection, member, user_id)
            _keep_an_owner(roles, user_id, new_role=role)
            await connection.execute(_CHANGE_ROLE, member.account_id, user_id, role)
            if PERMISSIONS[role] < PERMISSIONS[roles[user_id]]:
                await connection.execute(_REVOKE_INVITATIONS, member.account_id, user_id)
            rows = await connection.fetch(_MEMBERS, member.account_id)
        return next(MemberView(**dict(row)) for row in rows if row["user_id"] == user_id)

    async def remove(self, member: Member, user_id: UUID) -> None:
        """Raises `member_not_found`, `last_owner`; `forbidden` if a member who is not an owner removes an owner."""
        async with self._service.transaction() as connection:
            is_other = user_id != member.caller.user_id
            await lock_account_as(
                connection, member, Action.REMOVE_MEMBERS if is_other else Action.USE_ACCOUNT
            )
            roles = await self._roles(connection, member, user_id)
            if is_other and roles[user_id] == "owner":
                require(replace(member, role=roles[member.caller.user_id]), Action.CHANGE_ROLES)
            _keep_an_owner(roles, user_id, new_role=None)
            await connection.execute(_REMOVE, member.account_id, user_id)
            await connection.execute(_REVOKE_INVITATIONS, member.account_id, user_id)

    async def _roles(self, connection: Connection, member: Member, user_id: UUID) -> dict[UUID, str]:
        roles = {row["user_id"]: row["role"] for row in await connection.fetch(_ROLES, member.account_id)}
        if user_id not in roles:
            raise OsliraError("member_not_found", "There is no such member in this account.")
        return roles

    def _as(self, member: Member) -> UserClient:
        return UserClient(self._pool, claims=member.caller.claims)


def _keep_an_owner(roles: dict[UUID, str], user_id: UUID, *, new_role: str | None) -> None:
    owners = {user for user, role in roles.items() if role == "owner"}
    if owners == {user_id} and new_role != "owner":
        raise OsliraError("last_owner", "The account would have no owner; make somebody else one first.")

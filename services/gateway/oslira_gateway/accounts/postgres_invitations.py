"""Invitations in Postgres."""

import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Connection, Pool, Record, UserClient

from oslira_gateway.accounts.account import (
    INVITATION_LIFE,
    MAX_ACCOUNTS_OF_USER,
    MAX_MEMBERS,
    MAX_OPEN_INVITATIONS,
    AccountView,
    InvitationView,
    IssuedInvitation,
    NewInvitation,
    token_hash,
)
from oslira_gateway.accounts.postgres import lock_account, lock_account_as
from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.identity.permissions import Action

_TOKEN_BYTES: Final = 32
_IS_OPEN: Final = "revoked_at is null and accepted_at is null and expires_at > now()"
_OPEN: Final = f"""
select id as invitation_id, email, role, invited_by, created_at, expires_at from identity.invitations
 where account_id = $1 and {_IS_OPEN} order by created_at desc, id desc
"""
_REPLACE: Final = """
update identity.invitations set revoked_at = now()
 where account_id = $1 and email = $2 and revoked_at is null and accepted_at is null
"""
_COUNT_OPEN: Final = f"select count(*) from identity.invitations where account_id = $1 and {_IS_OPEN}"
_ISSUE: Final = """
insert into identity.invitations (id, account_id, email, role, token_hash, invited_by, expires_at)
values ($1, $2, $3, $4, $5, $6, now() + $7::interval)
returning id as invitation_id, email, role, invited_by, created_at, expires_at
"""
_REVOKE: Final = f"""
update identity.invitations set revoked_at = now() where id = $1 and account_id = $2 and {_IS_OPEN}
"""
_BY_TOKEN: Final = f"""
select id, account_id, email, role, accepted_by, {_IS_OPEN} as is_open from identity.invitations where token_hash = $1
"""
_ACCOUNT_OF: Final = """
select a.id as account_id, a.name, a.kind, m.role
  from identity.accounts a join identity.members m on m.account_id = a.id and m.user_id = $2
 where a.id = $1 and a.deleted_at is null
"""
_COUNTS: Final = """
select (select count(*) from identity.members where account_id = $1) as members,
       (select count(*) from identity.members where user_id = $2) as accounts
"""
_JOIN: Final = """
insert into identity.members (account_id, user_id, role) values ($1, $2, $3) on conflict do nothing
"""
_ACCEPTED: Final = "update identity.invitations set accepted_at = now(), accepted_by = $2 where id = $1"


class PostgresInvitations:
    """Invitations. Accepted as the service, because the caller is not a member yet."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._service = AdminClient(pool)

    async def open(self, member: Member) -> Sequence[InvitationView]:
        """Open ones, newest first."""
        async with UserClient(self._pool, claims=member.caller.claims).transaction() as connection:
            rows = await connection.fetch(_OPEN, member.account_id)
        return [InvitationView(**dict(row)) for row in rows]

    async def issue(self, member: Member, invitation: NewInvitation) -> IssuedInvitation:
        """Replaces an open one for the same address. Raises `limit_reached`."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        async with self._service.transaction() as connection:
            await lock_account_as(connection, member, Action.INVITE_MEMBERS)
            await connection.execute(_REPLACE, member.account_id, invitation.email)
            if await connection.fetchval(_COUNT_OPEN, member.account_id) >= MAX_OPEN_INVITATIONS:
                raise _limit("This account has as many open invitations as it may.", MAX_OPEN_INVITATIONS)
            row = await connection.fetchrow(
                _ISSUE,
                new_id(),
                member.account_id,
                invitation.email,
                invitation.role,
                token_hash(token),
                member.caller.user_id,
                INVITATION_LIFE,
            )
        assert row is not None  # noqa: S101  # an insert without a conflict clause returns its row
        return IssuedInvitation(**dict(row), token=token)

    async def revoke(self, member: Member, invitation_id: UUID) -> None:
        """Raises `invitation_not_found` unless it is open."""
        async with self._service.transaction() as connection:
            await lock_account_as(connection, member, Action.INVITE_MEMBERS)
            if await connection.execute(_REVOKE, invitation_id, member.account_id) != "UPDATE 1":
                raise _not_found()

    async def accept(self, caller: Caller, token: str) -> AccountView:
        """Become a member. A repeated call returns the same; a role that the caller already has is kept.

        Raises `invitation_not_found` (also: used, revoked, expired), `invitation_not_yours`, `limit_reached`.
        """
        async with self._service.transaction() as connection:
            found = await connection.fetchrow(_BY_TOKEN, token_hash(token))
            if found is None:
                raise _not_found()
            # The account first, then its invitation: a concurrent change of it was committed before we got the lock.
            await lock_account(connection, found["account_id"])
            found = await connection.fetchrow(_BY_TOKEN, token_hash(token))
            if found is None or not (found["is_open"] or found["accepted_by"] == caller.user_id):
                raise _not_found()
            if not caller.is_confirmed or caller.email != found["email"]:
                raise OsliraError(
                    "invitation_not_yours",
                    "This invitation is for another e-mail address; sign in with that one.",
                )
            if found["is_open"]:
                await self._join(connection, caller, found)
            account = await connection.fetchrow(_ACCOUNT_OF, found["account_id"], caller.user_id)
            if account is None:  # accepted once, and removed since
                raise _not_found()
        return AccountView(**dict(account))

    async def _join(self, connection: Connection, caller: Caller, found: Record) -> None:
        counts = await connection.fetchrow(_COUNTS, found["account_id"], caller.user_id)
        assert counts is not None  # noqa: S101  # a select of two figures
        if counts["members"] >= MAX_MEMBERS:
            raise _limit("This account has as many members as it may.", MAX_MEMBERS)
        if counts["accounts"] >= MAX_ACCOUNTS_OF_USER:
            raise _limit("You belong to as many accounts as a user may.", MAX_ACCOUNTS_OF_USER)
        await connection.execute(_JOIN, found["account_id"], caller.user_id, found["role"])
        await connection.execute(_ACCEPTED, found["id"], caller.user_id)


def _not_found() -> OsliraError:
    return OsliraError(
        "invitation_not_found", "This invitation isn't there, was used, or has ended; ask for a new one."
    )


def _limit(detail: str, limit: int) -> OsliraError:
    return OsliraError("limit_reached", detail, limit=limit)

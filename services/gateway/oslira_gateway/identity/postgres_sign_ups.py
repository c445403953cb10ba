"""Sign-ups in Postgres: `identity.sign_ups` on the work module."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Connection
from oslira_shared.work import Claim, WorkTable, claim, moved, release, sweep, transition

from oslira_gateway.identity.caller import Caller
from oslira_gateway.identity.mailbox import mailbox_of
from oslira_gateway.identity.shares import Caps, TrialShares

# Retries cost nothing, and a dead row would cost a user the trial: attempts are unlimited.
_TABLE: Final = WorkTable(
    "identity.sign_ups",
    claimable=frozenset({"due", "allowed"}),
    id_column="account_id",
    max_failures=1_000_000,
)
_MAX_NAME_CHARS: Final = 120

# The first of several concurrent requests inserts the row; the others wait for its commit and then do nothing.
_USER: Final = (
    "insert into identity.users (id, email, mailbox) values ($1, $2, $3) on conflict (id) do nothing"
)
_ACCOUNT: Final = """
with account as (insert into identity.accounts (id, name) values ($1, $2))
insert into identity.members (account_id, user_id, role) values ($1, $3, 'owner')
"""
# A mailbox gets one trial for all its addresses; this lock serialises users with the same mailbox.
_TURN: Final = "select pg_advisory_xact_lock(hashtextextended('sign-up:' || $1, 0))"
_HAD_ONE: Final = (
    "select exists (select from identity.users where (mailbox = $1 or lower(email) = $2) and id <> $3)"
)
_TAKE_SHARE: Final = """
insert into identity.sign_up_networks as n (day, network, trials)
select (now() at time zone 'UTC')::date, $1, 1 where $2 > 0
on conflict (day, network) do update set trials = n.trials + 1 where n.trials < $2
returning trials
"""
_SIGN_UP: Final = """
insert into identity.sign_ups (account_id, network, state, reason, mail_host, due_at)
values ($1, $2, $3, $4, $5, case $3 when 'allowed' then now() + interval '5 seconds' when 'due' then {tomorrow} end)
"""
_STATE: Final = "select state from identity.sign_ups where account_id = $1"
_ANSWERED: Final = """
update identity.sign_ups set state = 'due', reason = null, seq = seq + 1,
       progressed_at = now(), due_at = now() + interval '5 seconds'
 where account_id = $1 and state = 'challenge'
"""
_TOMORROW: Final = "(date_trunc('day', now() at time zone 'UTC') + interval '1 day') at time zone 'UTC'"
_S_TO_TOMORROW: Final = f"select extract(epoch from {_TOMORROW} - now())::float8"


class PostgresSignUps:
    """Implements SignUps. The service's own client: who signs up has no rights yet."""

    def __init__(self, database: AdminClient, shares: TrialShares) -> None:
        self._database = database
        self._shares = shares

    async def register(self, caller: Caller, network: str, mail_host: str | None) -> UUID | None:
        mailbox = mailbox_of(caller.email).address if caller.email else None
        account_id = new_id()
        async with self._database.transaction() as connection:
            await connection.execute(_TURN, mailbox)
            if await connection.execute(_USER, caller.user_id, caller.email, mailbox) != "INSERT 0 1":
                return None
            name = (caller.email or "Personal")[:_MAX_NAME_CHARS]
            await connection.execute(_ACCOUNT, account_id, name, caller.user_id)
            state, reason = "allowed", None
            if await connection.fetchval(_HAD_ONE, mailbox, caller.email, caller.user_id):
                state, reason = "refused", "address_known"
            elif reason := await self._missing_share(connection, self._shares.at_once, network, mail_host):
                state = self._shares.beyond
            await connection.execute(
                _SIGN_UP.format(tomorrow=_TOMORROW),
                account_id,
                network if state == self._shares.beyond else None,
                state,
                reason,
                mail_host if state == self._shares.beyond else None,
            )
        return account_id

    async def state(self, account_id: UUID) -> str | None:
        async with self._database.connection() as connection:
            return await connection.fetchval(_STATE, account_id)

    async def pass_challenge(self, account_id: UUID) -> None:
        async with self._database.connection() as connection:
            await connection.execute(_ANSWERED, account_id)

    async def claim(self, account_id: UUID) -> Claim | None:
        async with self._database.transaction() as connection:
            held = await claim(connection, _TABLE, account_id)
            if held is None or held.state == "allowed":
                return held
            keys = (held.row["network"], held.row["mail_host"])
            if await self._missing_share(connection, self._shares.later, *keys):
                delay_s = await connection.fetchval(_S_TO_TOMORROW)
                await release(connection, held, is_counted=False, delay_s=delay_s)
                return None
            # Counted and allowed in one transaction, so that a crash never takes a second share.
            values = {"network": None, "mail_host": None, "reason": None}
            row = await transition(
                connection, held, to_state="allowed", due_in_s=5, values=values, keeps_lease=True
            )
            return None if row is None else moved(held, row)

    async def finish(self, held: object) -> None:
        await self._end(held, "done", None)

    async def refuse(self, held: object, reason: str) -> None:
        await self._end(held, "refused", reason)

    async def wait(self, held: object) -> None:
        assert isinstance(held, Claim)  # noqa: S101  # what claim() returned
        async with self._database.connection() as connection:
            await release(connection, held, is_counted=False, delay_s=_TABLE.hint_every_s)

    async def sweep(self) -> Sequence[UUID]:
        async with self._database.transaction() as connection:
            return [row.row_id for row in await sweep(connection, _TABLE, limit=50)]

    async def _missing_share(
        self, connection: Connection, caps: Caps, network: str, mail_host: str | None
    ) -> str | None:
        """Which of the two has no trial left today. None: both had one, and it is taken."""
        # Both or none: a share of the mail host must not be taken if the network has none left.
        attempt = connection.transaction()
        await attempt.start()
        missing = None
        if mail_host is not None and not await self._took(connection, mail_host, caps.mail_host):
            missing = "mail_host_share_used_up"
        elif not await self._took(connection, network, caps.network):
            missing = "network_share_used_up"
        await (attempt.rollback() if missing else attempt.commit())
        return missing

    async def _took(self, connection: Connection, key: str, most: int) -> bool:
        return await connection.fetchval(_TAKE_SHARE, key, most) is not None

    async def _end(self, held: object, state: str, reason: str | None) -> None:
        assert isinstance(held, Claim)  # noqa: S101  # what claim() returned
        async with self._database.connection() as connection:
            await transition(connection, held, to_state=state, due_in_s=None, values={"reason": reason})

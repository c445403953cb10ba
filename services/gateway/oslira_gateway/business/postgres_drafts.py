"""The rows of a draft. Runs belong to analysis: the gateway uses the views and functions that analysis grants."""

from typing import Final
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.postgres.clients import AdminClient

from oslira_gateway.business.draft import DraftOrder
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.ports import Acceptance, OrderState, Reservation, UsedKey
from oslira_gateway.runs.postgres_requests import KEEP

_USED: Final = """
select body_hash, generation, run_id, status, expires_at > now() as is_live from identity.idempotency
 where account_id = $1 and key = $2
"""
_ACCEPT: Final = f"""
with accepted as materialized (
  select * from analysis.accept_draft($1, $2, $3, $4, $5, $6)
), kept as (
  insert into identity.idempotency (account_id, key, body_hash, generation, run_id, status, expires_at)
  select $2, $7, $8, $9, run_id, 202, now() + interval '24 hours'
    from accepted where $7::text is not null and outcome = 'accepted'
  {KEEP}
)
select outcome, run_id, status, attempt from accepted
"""


class PostgresDraftRequests:
    """Implements Requests. As the service, like those of analyses; every statement names the chosen account."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    async def order_state(self, member: Member, order: DraftOrder, key: str | None) -> OrderState:  # noqa: ARG002  # as in the port
        """It needs no business profile, and no other run is used instead of it."""
        if key is None:
            return OrderState(has_business_profile=True, same_run_id=None, used_key=None)
        async with self._client.connection() as connection:
            row = await connection.fetchrow(_USED, member.account_id, key)
        used = UsedKey(**dict(row)) if row else None
        return OrderState(has_business_profile=True, same_run_id=None, used_key=used)

    async def accept(
        self,
        member: Member,
        order: DraftOrder,
        *,
        run_id: UUID,
        reservation: Reservation | None,
        request_id: str,
    ) -> Acceptance:
        async with self._client.connection() as connection:
            row = await connection.fetchrow(
                _ACCEPT,
                run_id,
                member.account_id,
                member.caller.user_id,
                order.answers.model_dump(mode="json"),
                order.price_credits,
                request_id,
                reservation.key if reservation else None,
                order.body_hash,
                reservation.generation if reservation else None,
            )
        assert row is not None  # noqa: S101  # accept_draft returns one row or raises
        # Of a closed id only the outcome counts; its state is not a public one.
        status = RunStatus.CANCELLED if row["outcome"] == "closed" else RunStatus(row["status"])
        return Acceptance(row["outcome"], row["run_id"], status, row["attempt"])

    async def remember(
        self,
        member: Member,  # noqa: ARG002  # as in the port
        order: DraftOrder,  # noqa: ARG002
        *,
        run_id: UUID,
        reservation: Reservation,  # noqa: ARG002
    ) -> None:
        """Never called, since no run is used instead of a draft."""
        raise AssertionError(f"a draft was answered with run {run_id}")

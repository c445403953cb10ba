"""Daily counts and runs of anonymous callers, in Postgres."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.postgres.clients import AdminClient

from oslira_gateway.anonymous.ports import Use
from oslira_gateway.anonymous.pseudonyms import Pseudonyms
from oslira_gateway.http.client_address import Network
from oslira_gateway.identity.caller import Member
from oslira_gateway.runs.order import Order
from oslira_gateway.runs.ports import Acceptance, OrderState, Reservation
from oslira_gateway.runs.postgres_requests import PostgresRequests, closed_if_erased

# One statement: the row's lock serialises concurrent requests.
_TAKE: Final = """
with taken as (
  insert into identity.anonymous_uses as u (day, network, uses) select (now() at time zone 'UTC')::date, $1, 1 where $2 > 0
  on conflict (day, network) do update set uses = u.uses + 1 where u.uses < $2
  returning uses
)
select exists (select from taken) as is_granted,
       ceil(extract(epoch from date_trunc('day', now(), 'UTC') + interval '1 day' - now()))::integer as day_left_s
"""
_GIVE_BACK: Final = """
update identity.anonymous_uses set uses = uses - 1
 where day = (now() at time zone 'UTC')::date and network = $1 and uses > 0
"""
_ACCEPT: Final = """
select outcome, run_id, status, attempt
  from analysis.accept_anonymous_run($1, $2, $3, $4, $5::interval, $6::interval, $7)
"""


class PostgresAllowance:
    """Implements AnonymousAllowance. As the service itself: anonymous callers have no rows of their own."""

    def __init__(self, client: AdminClient, pseudonyms: Pseudonyms) -> None:
        self._client = client
        self._pseudonyms = pseudonyms

    async def take(self, network: Network, *, most: int) -> Use:
        async with self._client.connection() as connection:
            row = await connection.fetchrow(_TAKE, self._pseudonyms.of_network(network), most)
        assert row is not None  # noqa: S101  # one row always
        return Use(row["is_granted"], max(1, row["day_left_s"]))

    async def release(self, network: Network) -> None:
        async with self._client.connection() as connection:
            await connection.execute(_GIVE_BACK, self._pseudonyms.of_network(network))


class PostgresAnonymousRequests:
    """Implements Requests. As the service itself: the system account has no members to ask as.

    No response is stored under a key: it would contain an unkeyed hash of the username for a day.
    """

    def __init__(self, client: AdminClient, pseudonyms: Pseudonyms, *, life: timedelta) -> None:
        self._client = client
        self._requests = PostgresRequests(client)
        self._pseudonyms = pseudonyms
        self._life = life

    async def order_state(self, member: Member, order: Order, key: str | None) -> OrderState:
        return await self._requests.order_state(member, order, key)

    async def accept(
        self,
        member: Member,  # noqa: ARG002  # the function knows the only one
        order: Order,
        *,
        run_id: UUID,
        reservation: Reservation | None,  # noqa: ARG002
        request_id: str,
    ) -> Acceptance:
        try:
            async with self._client.connection() as connection:
                row = await connection.fetchrow(
                    _ACCEPT,
                    run_id,
                    order.username,
                    self._pseudonyms.of_name(order.username),
                    order.price_credits,
                    order.max_age,
                    self._life,
                    request_id,
                )
        except asyncpg.PostgresError as error:
            return closed_if_erased(error, run_id)
        assert row is not None  # noqa: S101  # it returns one row or raises
        status = RunStatus.CANCELLED if row["outcome"] == "closed" else RunStatus(row["status"])
        return Acceptance(row["outcome"], row["run_id"], status, row["attempt"])

"""Stores data points: the batch's id, its points and their sums by hour, in one transaction."""

from typing import Final

from oslira_shared.contracts.points import PointBatch
from oslira_shared.postgres.clients import AdminClient, Connection

from oslira_gateway.insights.roll_up import roll_up

_BATCH: Final = """
insert into insights.batches (batch_id) values ($1) on conflict do nothing returning batch_id
"""
_POINTS: Final = """
insert into insights.points (batch_id, account_id, metric, label, at, value_us)
select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[])
"""
# Postgres's arrays of arrays need equal lengths, so each histogram is sent as text.
_HOURS: Final = """
insert into insights.hourly as h (account_id, metric, hour, label, count, total_us, buckets)
select account_id, metric, hour, label, count, total_us, buckets::integer[]
  from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
    with ordinality as added (account_id, metric, hour, label, count, total_us, buckets, n)
 order by n
on conflict (account_id, metric, hour, label) do update
  set count = h.count + excluded.count, total_us = h.total_us + excluded.total_us,
      buckets = insights.add_buckets(h.buckets, excluded.buckets)
"""


class PostgresPoints:
    """As the service: a batch has points of many accounts, and users write none."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client

    async def land(self, batch: PointBatch) -> bool:
        """False: it was stored before, and nothing is added. Batches may come late and in any order."""
        async with self._client.transaction() as connection:
            # Of two concurrent writers of the same batch, the second waits here for the first one's commit.
            if await connection.fetchval(_BATCH, batch.batch_id) is None:
                return False
            if batch.points:
                await _add(connection, batch)
        return True


async def _add(connection: Connection, batch: PointBatch) -> None:
    points = batch.points
    await connection.execute(
        _POINTS,
        batch.batch_id,
        [point.account_id for point in points],
        [point.metric for point in points],
        [point.label for point in points],
        [point.at for point in points],
        [point.value_us for point in points],
    )
    hours = roll_up(points)
    await connection.execute(
        _HOURS,
        [key.account_id for key in hours],
        [key.metric for key in hours],
        [key.hour for key in hours],
        [key.label for key in hours],
        [one.count for one in hours.values()],
        [one.total_us for one in hours.values()],
        ["{" + ",".join(map(str, one.buckets)) + "}" for one in hours.values()],
    )

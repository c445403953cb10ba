"""`identity.erasures`, as the service: a profile is erased for all accounts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from oslira_shared.ids import derived_id
from oslira_shared.postgres.clients import AdminClient, Record

from oslira_gateway.anonymous.pseudonyms import Pseudonyms
from oslira_gateway.operations.erasures import Erasure
from oslira_gateway.runs.ports import ERASED_HASH

_DIGEST: Final = "select encode(identity.suppression_digest($1), 'hex')"
_BEGIN: Final = """
with digest as materialized (select identity.suppression_digest($2) as digest), suppressed as (
  insert into identity.suppression (digest) select digest from digest on conflict do nothing
)
insert into identity.erasures as e (id, digest, username, username_hmac, state, due_at, watch_until)
select $1, digest, $2, $3, 'due', now(), now() + $4::interval from digest
on conflict (id) do update
  set username = excluded.username, username_hmac = excluded.username_hmac, state = 'due', due_at = now(),
      watch_until = excluded.watch_until, requested_at = now()
"""
# Longer than a pass takes: until then no other process claims it.
_TAKE: Final = """
update identity.erasures set due_at = now() + interval '30 seconds'
 where id = (select id from identity.erasures
              where due_at is not null and case when $1::uuid is null then due_at <= now() else id = $1 end
              order by due_at limit 1 for update skip locked)
returning id
"""
# A stored answer has a plain hash of its order, which has the name; a bulk's too, which may be of one name. The answer itself is
# kept, since a repetition would be done and charged again.
_ERASE_OWN: Final = """
with runs as (
  select r.id, r.bulk_id from analysis.runs r join identity.erasures e on e.username = r.username where e.id = $1
), orders as (
  select id from runs union select bulk_id from runs where bulk_id is not null
  union select i.bulk_id from analysis.bulk_items i join runs on runs.id = i.run_id
), gone as (
  update identity.idempotency i set body_hash = $2 from orders where i.run_id = orders.id and i.body_hash <> $2 returning 1
)
select count(*) from gone
"""
_NOTE: Final = """
with over as (
  select id, $3 and now() >= watch_until as is_over, $3 as is_finished,
         coalesce((select jsonb_object_agg(place, coalesce((removed ->> place)::int, 0) + coalesce(($2::jsonb ->> place)::int, 0))
                     from (select jsonb_object_keys(removed) as place union select jsonb_object_keys($2::jsonb)) places), '{}') as sums
    from identity.erasures where id = $1
)
update identity.erasures e
   set removed = over.sums,
       state = case when over.is_over then 'done' when over.is_finished then 'watched' else 'due' end,
       username = case when over.is_over then null else e.username end,
       username_hmac = case when over.is_over then null else e.username_hmac end,
       due_at = case when over.is_over then null
                     when over.is_finished then least(e.watch_until, now() + interval '10 seconds')
                     else now() + interval '2 seconds' end
  from over where e.id = over.id and e.state <> 'done'
"""
_FIND: Final = "select id, state, removed from identity.erasures where id = $1"


class PostgresErasures:
    """Implements Erasures. `watch`: for how long work that was in progress may still write."""

    def __init__(self, client: AdminClient, pseudonyms: Pseudonyms, *, watch: timedelta) -> None:
        self._client = client
        self._pseudonyms = pseudonyms
        self._watch = watch

    async def id_of(self, username: str) -> UUID:
        async with self._client.connection() as connection:
            return derived_id("erasure", await connection.fetchval(_DIGEST, username))

    async def begin(self, erasure_id: UUID, username: str) -> None:
        username_hmac = self._pseudonyms.of_name(username)
        async with self._client.connection() as connection:
            await connection.execute(_BEGIN, erasure_id, username, username_hmac, self._watch)

    async def take(self, erasure_id: UUID | None = None) -> UUID | None:
        async with self._client.connection() as connection:
            return await connection.fetchval(_TAKE, erasure_id)

    async def erase_own(self, erasure_id: UUID) -> Mapping[str, int]:
        async with self._client.connection() as connection:
            return {"idempotency_keys": await connection.fetchval(_ERASE_OWN, erasure_id, ERASED_HASH)}

    async def note(self, erasure_id: UUID, removed: Mapping[str, int], *, is_finished: bool) -> Erasure:
        async with self._client.transaction() as connection:
            await connection.execute(_NOTE, erasure_id, dict(removed), is_finished)
            row = await connection.fetchrow(_FIND, erasure_id)
        assert row is not None  # noqa: S101  # erasures are kept
        return _erasure(row)

    async def find(self, erasure_id: UUID) -> Erasure | None:
        async with self._client.connection() as connection:
            row = await connection.fetchrow(_FIND, erasure_id)
        return None if row is None else _erasure(row)


def _erasure(row: Record) -> Erasure:
    return Erasure(row["id"], row["state"], row["removed"])

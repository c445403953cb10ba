"""The inserts and updates of the design for one run, without anything else: what Oslira is compared with.

A run takes four steps: accept, scrape, score, settle. Each is one or two short transactions, as few as the design allows.
"""

from typing import Any, Final
from uuid import UUID, uuid4

from oslira_shared.postgres.clients import Pool

from oslira_proof.bench.suppliers import Suppliers

TABLES: Final = """
drop schema if exists floor cascade;
create schema floor;
create table floor.balances (account int primary key, available int not null, held int not null) with (fillfactor = 70);
create table floor.entries (id bigint generated always as identity primary key, account int, run_id uuid, amount int);
create table floor.holds (id uuid primary key, account int not null, amount int not null, state text not null);
create table floor.runs (
  id uuid primary key, account int not null, username text not null, state text not null, attempt int not null default 0,
  due_at timestamptz, created_at timestamptz not null default now());
create index on floor.runs (due_at) where due_at is not null;
create table floor.scrapes (
  id uuid primary key, username text not null, state text not null, attempt int not null default 0, actor_run_id text);
create table floor.usage (id uuid primary key, run_id uuid not null, state text not null, answer jsonb);
create table floor.analyses (id uuid primary key, run_id uuid not null unique, account int not null, result jsonb not null);
create table floor.leads (account int, username text, score int, primary key (account, username));
insert into floor.balances select n, 100000000, 0 from generate_series(0, 999) n;
"""
_HOLD: Final = """
with paid as (
  update floor.balances set available = available - 1, held = held + 1 where account = $2 and available >= 1 returning account
), entered as (
  insert into floor.entries (account, run_id, amount) select account, $1, unnest(array[-1, 1]) from paid
) insert into floor.holds (id, account, amount, state) select $1, account, 1, 'held' from paid
"""
_ACCEPT: Final = (
    "insert into floor.runs (id, account, username, state, due_at) values ($1, $2, $3, 'queued', now())"
)
_CLAIM: Final = """
update floor.runs set state = $2, attempt = attempt + 1, due_at = now() + interval '15 s' where id = $1 and state = $3
"""
_ADD_SCRAPE: Final = "insert into floor.scrapes (id, username, state) values ($1, $2, 'starting')"
_STARTED: Final = "update floor.scrapes set state = 'running', actor_run_id = $2 where id = $1"
_SCRAPED: Final = """
with ended as (update floor.scrapes set state = 'ended' where id = $1)
update floor.runs set state = 'scoring', due_at = now() where id = $2
"""
_ASK: Final = "insert into floor.usage (id, run_id, state) values ($1, $2, 'booked')"
_ANSWERED: Final = "update floor.usage set state = 'answered', answer = $2 where id = $1"
_COMPLETE: Final = """
with lead as (
  insert into floor.leads (account, username, score) values ($2, $3, 50)
  on conflict (account, username) do update set score = excluded.score
), kept as (
  insert into floor.analyses (id, run_id, account, result) values (gen_random_uuid(), $1, $2, $4)
) update floor.runs set state = 'completed', due_at = now() where id = $1
"""
_SETTLE: Final = """
with settled as (
  update floor.holds set state = 'settled' where id = $1 and state = 'held' returning account, amount
), moved as (
  update floor.balances b set held = held - s.amount from settled s where b.account = s.account
), entered as (
  insert into floor.entries (account, run_id, amount) select account, $1, unnest(array[-1, 1]) from settled
) update floor.runs set due_at = null where id = $1
"""


class Design:
    """The four steps. A run is its id, its account's number and a name: plain values that a message can carry."""

    def __init__(self, pool: Pool, suppliers: Suppliers) -> None:
        self._pool, self._suppliers = pool, suppliers

    async def accept(self, run_id: str, account: int, username: str) -> None:
        """Hold, then the run's row."""
        await self._execute(_HOLD, UUID(run_id), account)
        await self._execute(_ACCEPT, UUID(run_id), account, username)

    async def scrape(self, run_id: str, username: str) -> dict[str, Any]:
        """Start the actor, wait, keep the item."""
        scrape_id = uuid4()
        await self._execute(_CLAIM, UUID(run_id), "scraping", "queued")
        await self._execute(_ADD_SCRAPE, scrape_id, username)
        actor_run_id = await self._suppliers.start(username)
        await self._execute(_STARTED, scrape_id, actor_run_id)
        item = await self._suppliers.scraped(actor_run_id)
        await self._suppliers.put(username, item)
        await self._execute(_SCRAPED, scrape_id, UUID(run_id))
        return item

    async def score(self, run_id: str, account: int, username: str, item: dict[str, Any]) -> None:
        """Ask the model, keep its answer, complete the run."""
        usage_id = uuid4()
        await self._execute(_CLAIM, UUID(run_id), "scoring", "scoring")
        await self._execute(_ASK, usage_id, UUID(run_id))
        answer = await self._suppliers.ask(item)
        await self._execute(_ANSWERED, usage_id, answer)
        await self._execute(_COMPLETE, UUID(run_id), account, username, answer)

    async def settle(self, run_id: str) -> None:
        """Capture the hold."""
        await self._execute(_SETTLE, UUID(run_id))

    async def _execute(self, statement: str, *values: Any) -> None:
        async with self._pool.acquire() as connection:
            await connection.execute(statement, *values)

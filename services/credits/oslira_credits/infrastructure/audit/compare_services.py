"""Compares the ledger with other services: holds = runs and bulks, captures = prices, grants = payments."""

from collections.abc import Sequence
from typing import Final

from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from oslira_shared.postgres.clients import Connection, Record

from oslira_credits.domain.difference import Difference
from oslira_credits.infrastructure.audit.ledger import differences

# The longest expected first life of a hold (OSLIRA_HOLD_LIFE_S is 120), and a second for the transaction that makes it.
_FIRST_LIFE_S: Final = 121.0

# A hold is made before its run is accepted, so a hold without a run is a difference only once it is overdue: attempt is 0 and due_at
# is in its first life until a sweep claims it. A run's hold is settled shortly after the run ended: $2 is how long that may take.
_RUNS: Final = """
    select c.what, c.id::text, c.detail
    from (
      select coalesce(h.id, r.id) as id, h.state, h.account_id as holder_id, h.amount, h.captured, h.attempt, h.due_at,
        h.created_at, r.id is not null as has_run, r.account_id, r.is_ended, r.held_credits, r.owed_credits, r.charged_credits,
        r.ended_at < now() - make_interval(secs => $2) as is_long_ended
      from (select * from credits.holds where account_id is not null) h
      full join analysis.audited_holds r on r.id = h.id
    ) b
    cross join lateral (values
      ('hold_without_unfinished_run', b.id, 'open, but its run ended or never was',
        b.state = 'open' and case
          when b.has_run then b.is_ended and b.is_long_ended
          else not (b.attempt = 0 and b.due_at > now() and b.due_at <= b.created_at + make_interval(secs => $1))
        end),
      ('hold_of_another_account', b.id, format('held for %s, the run is of %s', b.holder_id, b.account_id),
        b.holder_id <> b.account_id),
      ('hold_is_not_the_price', b.id, format('%s held, the price is %s', b.amount, b.held_credits), b.amount <> b.held_credits),
      ('capture_is_not_the_price', b.id, format('owed %s, captured %s', b.owed_credits, b.captured),
        b.state = 'settled' and b.is_ended and b.captured <> b.owed_credits),
      ('settled_before_its_end', b.id, 'settled, and the run is unfinished', b.state = 'settled' and not b.is_ended),
      ('charged_is_not_the_capture', b.id, format('charged %s, captured %s', b.charged_credits, b.captured),
        b.charged_credits is not null and b.held_credits > 0 and b.charged_credits is distinct from b.captured),
      ('run_without_hold', b.id, format('a price of %s', b.held_credits), b.has_run and b.state is null and b.held_credits > 0),
      ('capture_without_run', b.id, format('captured %s', b.captured), not b.has_run and b.captured > 0)
    ) as c(what, id, detail, is_wrong)
    where c.is_wrong
    union all
    select what, id, detail from analysis.audit_findings
"""
# A key names the source of its credits. Billing's keys need a record there; these are the others.
_PAYMENTS: Final = """
    with origin as (
      select g.id, g.idempotency_key as key, g.account_id, g.amount, g.source, split_part(g.idempotency_key, ':', 1) as origin
      from credits.grants g
    ), asked as (
      select r.grant_key as key, sum(coalesce(r.amount, 2147483647)) as amount, min(r.idempotency_key) as revocation
      from credits.revocations r group by r.grant_key
    ), frozen as (
      select f.grant_key as key, min(f.idempotency_key) as freeze
      from credits.freezes f where f.unfrozen_at is null group by f.grant_key
    )
    select 'paid_but_not_granted' as what, b.grant_key as id,
      format('%s booked %s credits for account %s; the ledger has no such grant', b.booked_as, b.credits, b.account_id) as detail
    from billing.audited_grants b left join origin g on g.key = b.grant_key where g.key is null
    union all
    select 'granted_but_not_paid', g.key,
      format('%s credits of account %s; no purchase or renewal has that key', g.amount, g.account_id)
    from origin g left join billing.audited_grants b on b.grant_key = g.key
    where g.origin in ('invoice', 'session', 'sub', 'trial', 'restore') and b.grant_key is null
    union all
    select 'grant_is_not_what_was_booked', g.key,
      format('%s booked %s for account %s, the ledger granted %s to %s', b.booked_as, b.credits, b.account_id, g.amount, g.account_id)
    from origin g join billing.audited_grants b on b.grant_key = g.key
    where (g.account_id, g.amount) <> (b.account_id, b.credits)
    union all
    select 'grant_of_no_source', g.key, format('%s credits of account %s as %s', g.amount, g.account_id, g.source)
    from origin g
    where g.origin not in ('invoice', 'session', 'sub', 'trial', 'restore', 'migration')
      and not (g.origin = 'deduct' and g.key like 'deduct:' || g.account_id || ':%')
      and not (g.origin = 'anonymous' and g.account_id = $1)
      and not exists (select from billing.audited_grants b where b.grant_key = g.key)
    union all
    select 'revocation_without_refund', a.revocation,
      format('revocations ask for %s of %s, billing took %s back', a.amount, a.key, coalesce(b.taken_credits, 0))
    from asked a left join billing.audited_grants b on b.grant_key = a.key
    where coalesce(b.taken_credits, 0) < least(a.amount, coalesce(b.credits, a.amount))
    union all
    select 'refund_not_revoked', b.grant_key,
      format('billing took %s back, revocations ask for %s', b.taken_credits, coalesce(a.amount, 0))
    from billing.audited_grants b left join asked a on a.key = b.grant_key
    where b.taken_credits > coalesce(a.amount, 0)
    union all
    select 'freeze_without_dispute', f.freeze, format('grant %s is frozen', f.key)
    from frozen f left join billing.audited_grants b on b.grant_key = f.key
    where not coalesce(b.is_frozen and b.has_dispute, false)
    union all
    select 'dispute_not_frozen', b.grant_key, 'billing froze this grant, the ledger did not'
    from billing.audited_grants b left join frozen f on f.key = b.grant_key
    where b.is_frozen and f.key is null
    union all
    select what, id, detail from billing.audit_findings
"""


async def ledger_differences(connection: Connection, *, settling_s: float) -> list[Difference]:
    """All differences of one snapshot. A run that ended less than `settling_s` ago may have an open hold."""
    # All statements read the same snapshot, so concurrent movements are never half visible.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await look(connection, settling_s=settling_s)


async def look(connection: Connection, *, settling_s: float) -> list[Difference]:
    """The same within the caller's transaction, whose isolation level applies."""
    found = await differences(connection)
    found += _read(await connection.fetch(_RUNS, _FIRST_LIFE_S, settling_s))
    found += _read(await connection.fetch(_PAYMENTS, ANONYMOUS_ACCOUNT_ID))
    return found


def _read(rows: Sequence[Record]) -> list[Difference]:
    return [Difference(**dict(row)) for row in rows]

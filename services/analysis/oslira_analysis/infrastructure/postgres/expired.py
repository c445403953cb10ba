"""The statements of the daily clean-up. Each deletes one batch."""

from collections.abc import Mapping
from typing import Final

from oslira_shared.postgres.batches import delete_batch
from oslira_shared.postgres.clients import AdminClient

# Locked rows are skipped until the next batch or day. Analyses are deleted with their lead.
_BATCHES: Final[Mapping[str, str]] = {
    # Costs and tokens were summed up on the run when it ended.
    "ai_usage_logs": """
        delete from analysis.ai_usage_logs where id in (
          select id from analysis.ai_usage_logs where created_at < now() - interval '90 days'
           order by created_at limit $1 for update skip locked)
    """,
    # A day's limit is not needed after its runs have ended; the runs store their cost.
    "daily_costs": """
        delete from analysis.daily_costs where (account_id, day) in (
          select account_id, day from analysis.daily_costs where day < (now() at time zone 'UTC')::date - 90
           order by day limit $1 for update skip locked)
    """,
    "analyses": """
        delete from analysis.analyses where id in (
          select id from analysis.analyses where deleted_at < now() - interval '30 days' limit $1 for update skip locked)
    """,
    "leads": """
        with gone as (
          delete from analysis.leads where id in (
            select id from analysis.leads where deleted_at < now() - interval '30 days' limit $1 for update skip locked)
          returning id
        ), forgotten as (
          update analysis.runs r set lead_id = null from gone where r.lead_id = gone.id
        )
        select count(*) from gone
    """,
    # Of an account that was deleted 30 days ago: all leads that were not soft-deleted before, with their analyses …
    "leads_of_closed_accounts": """
        with gone as (
          delete from analysis.leads where id in (
            select l.id from identity.closed_accounts c join analysis.leads l on l.account_id = c.account_id
             where c.deleted_at < now() - interval '30 days' and l.deleted_at is null limit $1)
          returning id
        ), forgotten as (
          update analysis.runs r set lead_id = null from gone where r.lead_id = gone.id
        )
        select count(*) from gone
    """,
    # … names and users of its bulks …
    "bulks.rejected": """
        update analysis.bulks set rejected = '[]', user_id = null where id in (
          select b.id from identity.closed_accounts c join analysis.bulks b on b.account_id = c.account_id
           where c.deleted_at < now() - interval '30 days' and b.state = 'ended'
             and (b.rejected <> '[]' or b.user_id is not null) limit $1 for update of b skip locked)
    """,
    # … its model calls (their sums stay on the runs), its daily costs …
    "usage_of_closed_accounts": """
        delete from analysis.ai_usage_logs where id in (
          select u.id from identity.closed_accounts c join analysis.ai_usage_logs u on u.account_id = c.account_id
           where c.deleted_at < now() - interval '30 days' limit $1)
    """,
    "costs_of_closed_accounts": """
        delete from analysis.daily_costs where (account_id, day) in (
          select d.account_id, d.day from identity.closed_accounts c join analysis.daily_costs d on d.account_id = c.account_id
           where c.deleted_at < now() - interval '30 days' limit $1)
    """,
    # … its link to scrapes …
    "scrapes.account_id": """
        update analysis.scrapes set account_id = null, promoted_for = null where id in (
          select s.id from identity.closed_accounts c join analysis.scrapes s on s.account_id = c.account_id
           where c.deleted_at < now() - interval '30 days' and s.ended_at is not null
           limit $1 for update of s skip locked)
    """,
    # … and the profile names of its runs. The rows stay, because the ledger's entries refer to them and the audit compares them.
    "runs.username": """
        update analysis.runs set username = '-', user_id = null, request_id = null, error_detail = null where id in (
          select r.id from identity.closed_accounts c join analysis.runs r on r.account_id = c.account_id
           where c.deleted_at < now() - interval '30 days' and r.username is distinct from '-'
             and r.state in ('completed', 'failed', 'cancelled') limit $1 for update of r skip locked)
    """,
    # The inputs and outputs of drafts, which by then are saved as a business profile or not needed.
    "drafts": """
        delete from analysis.drafts where run_id in (
          select d.run_id from analysis.drafts d join analysis.runs r on r.id = d.run_id
           where d.created_at < now() - interval '30 days' and r.finished_at is not null
           order by d.created_at limit $1 for update of d skip locked)
    """,
    # Stored here only if the cache was unavailable; the cache also expires them after two days.
    "scrapes.item": """
        update analysis.scrapes set item = null where id in (
          select id from analysis.scrapes where item is not null and ended_at < now() - interval '2 days'
           limit $1 for update skip locked)
    """,
    # A name is needed while a run may join, a profile is fresh, or a lost start is searched for: at most a day. The row
    # stays, for its cost and for its runs' receipts.
    "scrapes.username": """
        update analysis.scrapes
           set username = '-', profile_id = null, reason_detail = null, item = null, actor_run_id = null
         where id in (
          select id from analysis.scrapes where ended_at < now() - make_interval(days => $2) and username <> '-'
           order by ended_at limit $1 for update skip locked)
    """,
}


class PostgresExpired:
    """Implements Expired."""

    def __init__(self, database: AdminClient, *, scrape_names_kept_days: int) -> None:
        self._database = database
        self._parameters = {"scrapes.username": (scrape_names_kept_days,)}

    @property
    def tables(self) -> Mapping[str, str]:
        return _BATCHES

    async def delete_batch(self, table: str) -> int:
        return await delete_batch(self._database, _BATCHES[table], *self._parameters.get(table, ()))

"""How runs end, in Postgres."""

from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any, Final

from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Connection, Record

from oslira_analysis.application.erased import ERASED
from oslira_analysis.application.rows import Draft, Effects, Ending, Finding, Run, RunWork
from oslira_analysis.domain.results.changes import ResultSummary, what_changed
from oslira_analysis.infrastructure.postgres.tables import END_RUN, effects_of

# Returns the lead's last analysis too, of any type: the new result is compared with it.
_UPSERT_LEAD: Final = """
with lead as (
insert into analysis.leads as l (id, account_id, business_profile_id, username, latest_score, latest_type, full_name, followers,
                                 tier, category, is_verified, links, emails, phones, summary, analysed_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, now())
on conflict (account_id, business_profile_id, username) where deleted_at is null
do update set latest_score = excluded.latest_score, latest_type = excluded.latest_type,
              full_name = excluded.full_name, followers = excluded.followers, tier = excluded.tier,
              category = excluded.category, is_verified = excluded.is_verified, links = excluded.links,
              emails = excluded.emails, phones = excluded.phones, summary = excluded.summary,
              analysed_at = now(), updated_at = now()
returning l.id, (xmax = 0) as is_new
)
select lead.id, lead.is_new, previous.result, previous.created_at
  from lead left join lateral (
    select a.result, a.created_at from analysis.analyses a
     where a.lead_id = lead.id and a.deleted_at is null order by a.created_at desc limit 1
  ) previous on true
"""
_KEEP_ANALYSIS: Final = """
with kept as (
  insert into analysis.analyses (id, run_id, lead_id, account_id, business_profile_id, type, score, result, prompt_version,
                                 business_version)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $11)
)
update analysis.runs set lead_id = $3, is_new_lead = $10 where id = $2 returning *
"""
_KEEP_DRAFT: Final = """
update analysis.drafts set draft = $2, prompt_version = $3 where run_id = $1
"""


class _ErasedMeanwhile(Exception):  # noqa: N818
    """The profile was erased while it was scored: a trigger prevents the lead."""


class PostgresEndings:
    """Implements Endings. The run's row changes first, so a fenced attempt writes nothing."""

    def __init__(self, database: AdminClient) -> None:
        self._database = database

    async def complete(self, work: RunWork, finding: Finding) -> Effects:
        try:
            return await self._complete(work, finding)
        except _ErasedMeanwhile:
            return await self.fail(work, ERASED)

    async def _complete(self, work: RunWork, finding: Finding) -> Effects:
        run = work.run
        async with self._database.transaction() as connection:
            row = await _end(connection, work, "completed")
            if row is None:
                return Effects()
            # An anonymous run creates no lead.
            lead = await _upsert_lead(connection, run, finding) if row["redact_at"] is None else None
            row = await connection.fetchrow(
                _KEEP_ANALYSIS,
                new_id(),
                run.run_id,
                lead["id"] if lead else None,
                run.account_id,
                run.business_profile_id,
                run.type,
                finding.score,
                {**finding.result, "changes": _changes(lead, finding.result)},
                finding.prompt_version,
                lead["is_new"] if lead else None,
                finding.business_version,
            )
        return effects_of(row)

    async def complete_draft(self, work: RunWork, draft: Draft) -> Effects:
        async with self._database.transaction() as connection:
            row = await _end(connection, work, "completed")
            if row is not None:
                await connection.execute(_KEEP_DRAFT, work.run.run_id, draft.result, draft.prompt_version)
        return effects_of(row)

    async def fail(self, work: RunWork, ending: Ending) -> Effects:
        async with self._database.transaction() as connection:
            return effects_of(await _end(connection, work, "failed", ending))


async def _upsert_lead(connection: Connection, run: Run, finding: Finding) -> Record:
    lead = await connection.fetchrow(
        _UPSERT_LEAD,
        new_id(),
        run.account_id,
        run.business_profile_id,
        run.username,
        finding.score,
        run.type,
        *astuple(finding.card),
    )
    if lead is None:
        raise _ErasedMeanwhile
    return lead


def _changes(previous: Record | None, result: dict[str, Any]) -> dict[str, Any] | None:
    """Changes since the lead's last analysis. None if this is the first, or the last has an older format."""
    if previous is None or previous["result"] is None:
        return None
    try:
        before = ResultSummary.of(previous["result"], analysed_at=previous["created_at"])
        after = ResultSummary.of(result, analysed_at=datetime.now(UTC))
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    return what_changed(before, after).to_json()


async def _end(
    connection: Connection, work: RunWork, state: str, ending: Ending | None = None
) -> Record | None:
    """Called by the holder of the claim. None: the claim is lost."""
    code, detail = (ending.code, ending.detail) if ending else (None, None)
    held = work.claim
    return await connection.fetchrow(
        END_RUN, held.row_id, state, code, detail, held.state, held.attempt, True
    )

"""The two work tables, and the mapping of their rows to the use cases' records."""

from dataclasses import replace
from typing import Final

from oslira_shared.contracts.analysis import v1
from oslira_shared.postgres.clients import Record
from oslira_shared.work import Claim, WorkTable

from oslira_analysis.application.rows import Effects, Hint, Run, RunWork, Scrape, ScrapeWork

RUNS = WorkTable(
    "analysis.runs",
    claimable=frozenset({"queued", "scoring"}),
    lease_s=10.0,
    announced=v1.ENDED,
)
SCRAPES = WorkTable(
    "analysis.scrapes", claimable=frozenset({"starting", "running", "aborting"}), lease_s=10.0
)

# (run, state, error code, error detail, held state, held attempt, by its holder), as documented at analysis.end_runs.
END_RUN: Final = "select * from analysis.end_runs(array[$1::uuid], $2, $3, $4, $5, $6, $7)"
# (scrape, error code, error detail). The scrape's row is locked already: the runs that wait for it end with it.
FAIL_FOLLOWERS: Final = """
select * from analysis.end_runs(
  array(select r.id from analysis.runs r where r.scrape_id = $1 and r.state in ('scraping', 'waiting')), 'failed', $2, $3)
"""
HINTS: Final = {"queued": v1.RUN, "scoring": v1.SCORE}


def effects_of(row: Record | None) -> Effects:
    """The effects of a changed run; empty if nothing changed."""
    if row is None:
        return Effects()
    subject = HINTS.get(row["state"])
    hints = [Hint(subject, row["id"], row["state"], row["attempt"])] if subject else []
    return Effects(hints, [dict(row)])


def run_work(claim: Claim) -> RunWork:
    """The claimed row as a run."""
    return RunWork(claim, replace(run_of(claim.row), snoozed_for_s=claim.age_s("snoozed_since")))


def run_of(row: Record) -> Run:
    """A row of analysis.runs."""
    return Run(
        run_id=row["id"],
        account_id=row["account_id"],
        business_profile_id=row["business_profile_id"],
        type=row["type"],
        username=row["username"] or "",
        max_age_s=row["max_age_s"],
        attempt=row["attempt"],
        scrape_id=row["scrape_id"],
        is_cache_bypassed=row["is_cache_bypassed"],
        request_id=row["request_id"],
        requeues=row["requeues"],
    )


def scrape_work(claim: Claim) -> ScrapeWork:
    """The claimed row as a scrape."""
    row = claim.row
    return ScrapeWork(
        claim,
        Scrape(
            scrape_id=row["id"],
            username=row["username"],
            intent_at=row["intent_at"],
            actor_run_id=row["actor_run_id"],
            age_s=claim.age_s("intent_at"),
            cost_nano_usd=row["cost_nano_usd"],
            starts=row["starts"],
            overruns=row["overruns"],
            snoozed_for_s=claim.age_s("snoozed_since"),
        ),
    )

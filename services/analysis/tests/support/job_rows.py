"""Rows for the jobs of analysis, created without the engine, of any age."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from fake_after_commit import FakeEngine
from oslira_analysis.application.daily_cleanup import DailyCleanup
from oslira_analysis.application.fail_stalled import FailStalled
from oslira_analysis.infrastructure.postgres.expired import PostgresExpired
from oslira_analysis.infrastructure.postgres.queue import PostgresQueue
from oslira_analysis.infrastructure.postgres.stalled import PostgresStalledRuns
from oslira_shared.ids import new_id
from oslira_shared.jobs import JobProgress
from oslira_shared.postgres.clients import AdminClient, Pool

SLOT = datetime(2026, 2, 1, 2, tzinfo=UTC)


@dataclass
class JobRows:
    """Rows for analysis's jobs to work on, and the jobs."""

    pool: Pool
    gateway: Pool
    heard: FakeEngine = field(default_factory=FakeEngine)

    async def run(
        self, state: str, *, still_for: str = "20 min", scrape_id: UUID | None = None, **more: Any
    ) -> UUID:
        row: dict[str, Any] = {
            "id": new_id(),
            "state": state,
            "account_id": new_id(),
            "business_profile_id": new_id(),
            "type": "light",
            "username": f"name-{new_id().hex[-8:]}",
            "price_credits": 1,
            "max_age_s": 3600,
            "scrape_id": scrape_id,
            "waits_for": "scrape" if state == "waiting" else None,
            "finished_at": datetime.now(UTC) if state == "completed" else None,
            **more,
        }
        await insert(self.pool, "analysis.runs", row)
        await self.pool.execute(
            "update analysis.runs set progressed_at = now() - $2::text::interval where id = $1",
            row["id"],
            still_for,
        )
        return row["id"]

    async def scrape(self, state: str, **more: Any) -> UUID:
        row: dict[str, Any] = {
            "id": new_id(),
            "state": state,
            "username": f"name-{new_id().hex[-8:]}",
            **more,
        }
        await insert(self.pool, "analysis.scrapes", row)
        return row["id"]

    async def lead(self, *, account_id: UUID | None = None, deleted: int | None = None) -> UUID:
        """With an analysis of a run. `deleted`: days ago."""
        account_id, lead_id = account_id or new_id(), new_id()
        run_id = await self.run("completed", account_id=account_id, lead_id=lead_id, ai_cost_nano_usd=77)
        at = None if deleted is None else datetime.now(UTC) - timedelta(days=deleted)
        lead = {
            "id": lead_id,
            "account_id": account_id,
            "business_profile_id": new_id(),
            "username": "a",
            "deleted_at": at,
        }
        await insert(self.pool, "analysis.leads", lead)
        await insert(
            self.pool,
            "analysis.analyses",
            {
                "id": new_id(),
                "run_id": run_id,
                "lead_id": lead_id,
                "account_id": account_id,
                "business_profile_id": new_id(),
                "type": "light",
                "score": 50,
                "result": {},
                "prompt_version": "v1",
            },
        )
        return lead_id

    async def has_everything(self, account_id: UUID) -> None:
        """A lead with its run, a bulk, a call, a day's cost and a scrape."""
        await self.lead(account_id=account_id)
        user_id, bulk_id = new_id(), new_id()
        await self.pool.execute(
            "update analysis.runs set user_id = $2 where account_id = $1", account_id, user_id
        )
        await insert(self.pool, "analysis.runs", {"id": bulk_id, "state": "closed"})
        await self.pool.execute(
            "insert into analysis.bulks (id, state, account_id, user_id, business_profile_id, type, price_credits, held_credits,"
            " finished_at, rejected) values ($1, 'ended', $2, $3, $1, 'light', 1, 0, now(), '[{\"text\": \"a name\"}]')",
            bulk_id,
            account_id,
            user_id,
        )
        await self.pool.execute(
            "insert into analysis.ai_usage_logs (id, run_id, account_id, call, attempt, provider, model, prompt_version)"
            " values ($1, $1, $2, 's', 1, 'o', 'm', 'v')",
            bulk_id,
            account_id,
        )
        await self.pool.execute(
            "insert into analysis.daily_costs (account_id, day) values ($1, '2026-01-01')", account_id
        )
        await self.scrape(
            "ended",
            outcome="fetched",
            ended_at=datetime.now(UTC),
            account_id=account_id,
            promoted_for=bulk_id,
        )

    async def traces(self, account_id: UUID) -> list[str]:
        """The tables that still contain data of its users or profiles."""
        places = {
            "leads": "analysis.leads where account_id = $1",
            "analyses": "analysis.analyses where account_id = $1",
            "runs": "analysis.runs where account_id = $1 and username <> '-'",
            "users": "analysis.runs where account_id = $1 and user_id is not null",
            "bulks": "analysis.bulks where account_id = $1 and (rejected <> '[]' or user_id is not null)",
            "usage": "analysis.ai_usage_logs where account_id = $1",
            "costs": "analysis.daily_costs where account_id = $1",
            "scrapes": "analysis.scrapes where account_id = $1",
        }
        return [
            what
            for what, rows in places.items()
            if await self.pool.fetchval(f"select exists (select from {rows})", account_id)
        ]

    async def fail_stalled(self) -> JobProgress:
        progress, client = JobProgress(), AdminClient(self.pool)
        job = FailStalled(
            PostgresStalledRuns(client),
            self.heard.after_commit(queue=PostgresQueue(client)),
            stalled_for=timedelta(minutes=15),
        )
        await job(SLOT, progress)
        return progress

    async def clean_up(self) -> dict[str, int]:
        progress = JobProgress()
        await DailyCleanup(PostgresExpired(AdminClient(self.pool), scrape_names_kept_days=30))(SLOT, progress)
        assert progress.reasons == []
        return progress.deleted

    async def state(self, table: str, row_id: UUID) -> str | None:
        return await self.pool.fetchval(f"select state from analysis.{table} where id = $1", row_id)


async def insert(pool: Pool, table: str, row: dict[str, Any]) -> None:
    numbers = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await pool.execute(f"insert into {table} ({', '.join(row)}) values ({numbers})", *row.values())

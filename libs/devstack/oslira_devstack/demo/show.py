"""What the demonstrations share: a user, a stage to show runs on, and a list of what passed."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from oslira_client import ENDED, Oslira
from oslira_client.generated.analyses import AnalysisBody
from oslira_client.generated.shared import AcceptedRun, DeepResult, DraftResult, LightResult, Run, XrayResult
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from oslira_devstack.sign_in import SignedIn
from oslira_devstack.simulated import Simulators
from oslira_devstack.stack import Stack


@dataclass(frozen=True, slots=True)
class Shown:
    """One analysis as it was seen from outside. `is_new`: 202, not 200."""

    name: str
    is_new: bool
    run: Run
    took_s: float

    @property
    def analysis(self) -> LightResult | DeepResult | XrayResult | None:
        """Its result, once there is one."""
        result = self.run.result
        return None if isinstance(result, DraftResult) else result


@dataclass
class Show:
    """The stage. `failures` decides the exit code."""

    stack: Stack
    who: SignedIn
    oslira: Oslira
    console: Console
    analysis: "asyncpg.Pool[asyncpg.Record]"
    simulators: Simulators
    shown: list[Shown] = field(default_factory=list[Shown])
    failures: list[str] = field(default_factory=list[str])

    def title(self, text: str) -> None:
        """Begin a demonstration."""
        self.console.print(f"\n[bold]{text}[/bold]")

    def check(self, promise: str, *, holds: bool, figure: str = "") -> None:
        """Print a promise as kept or broken."""
        mark = "[green]✓[/green]" if holds else "[red]✗[/red]"
        self.console.print(f"  {mark} {promise}{f'  [dim]{figure}[/dim]' if figure else ''}")
        if not holds:
            self.failures.append(promise)

    async def analyze(self, names: Sequence[str], *, business_profile_id: UUID | None = None) -> list[Shown]:
        """Ask for all at once and follow each to its end and its settlement, with a bar each."""
        columns = (
            TextColumn("  {task.description:<24}"),
            BarColumn(bar_width=32),
            TextColumn("{task.fields[step]:<10}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console) as progress:
            shown = await asyncio.gather(
                *(
                    self._one(name, business_profile_id or self.who.business_profile_id, progress)
                    for name in names
                )
            )
        self.shown += shown
        return list(shown)

    async def _one(self, name: str, business_profile_id: UUID, progress: Progress) -> Shown:
        started = time.monotonic()
        order = AnalysisBody(username=name, type="light", business_profile_id=business_profile_id)
        answer = await self.oslira.analyses.create_analysis(order)
        task = progress.add_task(name, total=100, step=answer.status)
        if answer.status not in ENDED:
            async for event in self.oslira.analyses.follow_run(answer.run_id):
                progress.update(task, completed=event.data.progress, step=event.data.current_step)
        took_s = time.monotonic() - started
        run = await self.settled(answer.run_id)
        progress.update(task, completed=100, step=run.status)
        progress.stop_task(task)
        return Shown(name, isinstance(answer, AcceptedRun), run, took_s)

    async def settled(self, run_id: UUID, *, timeout_s: float = 30.0) -> Run:
        """The finished run once none of its credits are held any more."""
        deadline = time.monotonic() + timeout_s
        while True:
            run = await self.oslira.analyses.get_run(run_id)
            is_done = run.status in ENDED and not run.credits.held
            if is_done or time.monotonic() > deadline:
                return run
            await asyncio.sleep(0.1)

    async def available(self) -> int:
        """Credits that can be spent now."""
        return (await self.oslira.credits.get_balance()).available

    async def table(self) -> Table:
        """Every analysis: its result, how long it took and what it cost."""
        rows = await self.analysis.fetch(
            "select id, is_from_cache, ai_cost_nano_usd + scrape_cost_nano_usd as cost"
            " from analysis.runs where id = any($1::uuid[])",
            [one.run.run_id for one in self.shown],
        )
        costs = {row["id"]: row["cost"] / 1e9 for row in rows}
        cached = {row["id"] for row in rows if row["is_from_cache"]}
        table = Table(title="\nWhat was shown", title_justify="left", title_style="bold")
        for column in ("profile", "outcome", "score", "time", "from cache", "cost", "credits"):
            table.add_column(column, justify="left" if column in {"profile", "outcome"} else "right")
        for one in self.shown:
            run = one.run
            table.add_row(
                one.name,
                run.error.code if run.error else run.status,
                str(one.analysis.score) if one.analysis else "–",
                f"{one.took_s:.1f} s",
                "returned" if not one.is_new else "yes" if run.run_id in cached else "no",
                f"${costs[run.run_id]:.5f}" if one.is_new else "–",
                str(run.credits.charged) if one.is_new else "0",
            )
        return table

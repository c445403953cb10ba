"""Findings for people: a bar while something is measured, and the table."""

from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from oslira_proof.promises.finding import Finding, Tick


@contextmanager
def watched(console: Console, title: str) -> Generator[Tick]:
    """A bar while something is measured."""
    columns = (
        TextColumn("  {task.description:<32}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def table_of(findings: list[Finding], *, title: str) -> Table:
    """Promise, target, figure, verdict."""
    table = Table(title=title, title_justify="left")
    for heading in ("promise", "target", "figure", "verdict"):
        table.add_column(heading, overflow="fold")
    words = {True: "[green]kept[/green]", False: "[red]missed[/red]", None: "-"}
    for one in findings:
        table.add_row(one.promise, one.target, one.figure, words[one.holds])
    return table

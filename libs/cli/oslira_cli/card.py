"""A run's result as people read it."""

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text


def card(run: dict[str, Any], *, took_s: float | None = None) -> RenderableType:
    """The result of a completed run, or why there is none."""
    title = f"@{run['username']}"
    if run["status"] != "completed":
        error = run.get("error") or {}
        text = Text(error.get("detail") or f"The analysis ended {run['status']}.")
        text.append(f"\n{error.get('code', run['status'])}, {_charge(run)}", style="dim")
        return Panel(text, title=title, border_style="red")
    result = run["result"]
    footer = ", ".join(
        part
        for part in (
            _charge(run),
            f"{took_s:.1f} s" if took_s is not None else "",
            f"confidence {result['confidence']}",
        )
        if part
    )
    parts: list[RenderableType] = [_scores(result), Text(), Text(result["summary"]), Text()]
    parts += [_claim("+", claim, "green") for claim in result["reasons"]]
    parts += [_claim("!", claim, "yellow") for claim in result["red_flags"]]
    return Panel(Group(*parts, Text(), Text(footer, style="dim")), title=title, border_style="green")


def _scores(result: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(
        Text("score", style="bold"), _bar(result["score"]), Text(str(result["score"]), style="bold")
    )
    for name, part in result["parts"].items():
        value = part.get("score", part.get("value"))
        shown = "–" if value is None else str(value)
        table.add_row(name.replace("_", " "), _bar(value or 0), shown)
    return table


def _bar(value: float) -> ProgressBar:
    return ProgressBar(total=100, completed=value, width=30)


def _claim(mark: str, claim: dict[str, Any], style: str) -> Text:
    text = Text(f"{mark} ", style=style)
    text.append(claim["claim"], style="default")
    text.append(f"\n  “{claim['quote']}” ({claim['source']})", style="dim")
    return text


def _charge(run: dict[str, Any]) -> str:
    amounts = run["credits"]
    if amounts["held"]:
        return f"{amounts['held']} credits held"
    return f"{amounts['charged']} credits charged" if amounts["charged"] else "not charged"

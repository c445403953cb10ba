"""A run's result as people read it."""

from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text


def card(run: dict[str, Any], *, took_s: float | None = None, is_returned: bool = False) -> RenderableType:
    """The result of a completed run, or why there is none. `is_returned`: an earlier analysis answered the order."""
    charge = "returned, nothing charged" if is_returned else _charge(run)
    title = f"@{run['username']}"
    if run["status"] != "completed":
        error = run.get("error") or {}
        text = Text(error.get("detail") or f"The analysis ended {run['status']}.")
        text.append(f"\n{error.get('code', run['status'])}, {charge}", style="dim")
        return Panel(text, title=title, border_style="red")
    result = run["result"]
    footer = ", ".join(
        part
        for part in (
            charge,
            f"{took_s:.1f} s" if took_s is not None else "",
            f"confidence {result['confidence']}",
        )
        if part
    )
    parts: list[RenderableType] = [_scores(result), Text(), Text(result["summary"]), Text()]
    parts += [_claim("+", claim, "green") for claim in result["reasons"]]
    parts += [_claim("!", claim, "yellow") for claim in result["red_flags"]]
    parts += _messages(result.get("outreach"))
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


def _messages(outreach: dict[str, Any] | None) -> list[RenderableType]:
    """The messages to send, which deep and x-ray analyses have."""
    if outreach is None:
        return []
    parts: list[RenderableType] = []
    if outreach["dm"]:
        parts += [Text(), Text("Direct message", style="bold"), Text(outreach["dm"])]
    if outreach["email"]:
        email = outreach["email"]
        parts += [Text(), Text(f"E-mail: {email['subject']}", style="bold"), Text(email["body"])]
    return parts or [Text(), Text("No message could be supported by the profile.", style="dim")]


def _charge(run: dict[str, Any]) -> str:
    amounts = run["credits"]
    if amounts["held"]:
        return f"{amounts['held']} credits held"
    return f"{amounts['charged']} credits charged" if amounts["charged"] else "not charged"

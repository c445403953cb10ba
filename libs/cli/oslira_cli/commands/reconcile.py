"""`oslira reconcile --since DATE`: bring back from Stripe what a restored backup lacks."""

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from oslira_cli.deployment import AdminToken, AdminUrl, admin_login
from oslira_cli.failures import Exit, exits_on_failure, fail

# Longer than the gateway waits for a step.
_STEP_S: Final = 60.0


def reconcile(
    since: Annotated[
        str, typer.Option(help="A date or moment (ISO 8601, UTC unless it says more), before the backup.")
    ],
    *,
    until: Annotated[str | None, typer.Option(help="As `since`; else now.")] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Show what is missing and what differs; change nothing.")
    ] = False,
    wait_s: Annotated[float, typer.Option(help="How long events may take to be applied.")] = 600,
    url: AdminUrl = None,
    token: AdminToken = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Import Stripe's events since then as webhooks, none twice, wait until they are applied, and compare.

    Exits 1 while something differs, is missing or waits, 2 for an invalid time. It may be run again.
    """
    from oslira_cli.admin import ask_admin  # noqa: PLC0415
    from oslira_cli.reconciliation import Reconcile  # noqa: PLC0415

    async def ask(method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        # A token that this signs lives for five minutes, so each request gets its own.
        return await ask_admin(admin_login(url, token), method, path, body, timeout_s=_STEP_S)

    try:
        start = _moment(since)
        end = _moment(until) if until else datetime.now(UTC)
    except ValueError:
        raise fail("give times such as 2026-11-27 or 2026-11-27T21:00:00Z", status=Exit.USAGE) from None
    with exits_on_failure():
        done = asyncio.run(Reconcile(ask=ask, report=_report, wait_s=wait_s)(start, end, is_dry_run=dry_run))
    if as_json:
        print(json.dumps(asdict(done)))
    else:
        for one in done.mismatches:
            print(_line(one))
        print(_summary(done))
    raise typer.Exit(0 if done.is_clean else Exit.FAILED)


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _line(one: dict[str, Any]) -> str:
    return f"{one['kind']}  {one['stripe_id']}  account {one['account_id']}  {one['credits']} credits  {one['detail']}"


def _summary(done: Any) -> str:
    taken = "are missing here" if done.is_dry_run else "were missing and are taken in"
    waiting = f", {done.waiting} wait to be applied" if done.waiting else ""
    return (
        f"reconcile: {done.seen} events and objects, {done.missing} {taken}{waiting}; "
        f"{done.compared} payments compared, {done.mismatch_count} mismatches"
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

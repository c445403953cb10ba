"""The command that reconciles with Stripe, over a scripted API."""

import json
from datetime import UTC, datetime
from typing import Any

from oslira_cli.reconciliation import Reconcile
from oslira_client import ApiError
from oslira_shared.contracts.billing.v1 import ReconcileStep


async def test_the_command_follows_the_cursor_and_retries_errors() -> None:
    asked: list[str] = []
    answers: list[Any] = [
        ApiError(503, {"code": "provider_unavailable"}),
        {"step": "events", "cursor": "applying", "seen": 3, "missing": 2},
        {"step": "applying", "cursor": "applying", "waiting": 2},
        {"step": "compare", "cursor": None, "seen": 1, "mismatch_count": 1, "mismatches": [{"kind": "x"}]},
    ]

    async def ask(_method: str, _path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        assert body is not None
        asked.append(body["cursor"] or "")
        answer = answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return json.loads(ReconcileStep.model_construct(**answer).model_dump_json(warnings=False))

    lines: list[str] = []
    now = datetime.now(UTC)
    done = await Reconcile(ask=ask, report=lines.append, wait_s=0)(now, now, is_dry_run=False)
    assert asked[:3] == ["", "", "applying"]
    assert asked[3].startswith("compare:")
    assert (done.seen, done.missing, done.waiting, done.mismatch_count, done.is_clean) == (3, 2, 2, 1, False)
    assert lines[0] == "provider_unavailable: again in 1 s"

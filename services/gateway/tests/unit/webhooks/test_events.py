"""Webhook bodies: ids and numbers, in the same bytes each time."""

import json
from datetime import UTC, datetime

import pytest
from oslira_gateway.webhooks.event import BulkEnding, EventType, RunEnding
from oslira_shared.ids import new_id

AT = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_a_runs_end(status: str) -> None:
    run = RunEnding(new_id(), new_id(), "light", status, None, new_id(), 71, None, 1, 0, AT)
    event = run.event(new_id())
    body = json.loads(event.body)
    assert body == {
        "type": f"run.{status}",
        "timestamp": "2026-11-22T12:00:00.123Z",
        "data": {
            "run_id": str(run.run_id),
            "type": "light",
            "status": status,
            "bulk_id": None,
            "lead_id": str(run.lead_id),
            "score": 71,
            "error_code": None,
            "credits": {"charged": 1, "released": 0},
        },
    }
    assert event.type in set(EventType)
    assert run.event(event.event_id).body == event.body


def test_a_bulks_end() -> None:
    bulk = BulkEnding(new_id(), new_id(), "deep", "cancelled", "cancelled", 9, 4, 2, 3, 8, 10, AT)
    body = json.loads(bulk.event(new_id()).body)
    assert body["type"] == "bulk.ended"
    assert body["data"]["items"] == {"total": 9, "completed": 4, "failed": 2, "cancelled": 3}
    assert body["data"]["credits"] == {"charged": 8, "released": 10}

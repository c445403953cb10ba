"""Polls are sampled in logs and traces; every other request, and a poll that failed or was slow, is shown."""

import httpx
import pytest
from oslira_gateway.http.edge import PollSample
from oslira_shared.ids import new_id
from oslira_shared.observability import trace
from structlog.testing import capture_logs


def test_one_of_twenty_polls_is_shown_and_each_that_failed_or_was_slow() -> None:
    polls = PollSample()
    assert sum(polls.is_shown(200, 0.01) for _ in range(60)) == 3
    assert sum(polls.is_shown(304, 0.01) for _ in range(20)) == 1
    assert all(polls.is_shown(status, 0.01) for status in (0, 404, 429, 500))
    assert polls.is_shown(200, 1.5)


@pytest.mark.parametrize(("path", "shown"), [("/health/live", 2), ("/v1/plans", 40)])
async def test_polls_are_sampled_in_logs_and_traces(client: httpx.AsyncClient, path: str, shown: int) -> None:
    spans: list[trace.Span] = []
    stop = trace.keep_spans(spans.append)
    try:
        with capture_logs() as lines:
            for _ in range(40):
                assert (await client.get(path)).status_code == 200
    finally:
        stop()
    assert len([line for line in lines if line["event"] == "request"]) == shown
    assert len([span for span in spans if span.name == f"GET {path}"]) == shown


async def test_a_poll_that_fails_is_always_shown(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        for _ in range(5):
            await client.get(f"/v1/runs/{new_id()}")
    assert len([line for line in lines if line["event"] == "request"]) == 5

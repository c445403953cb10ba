"""One budget whichever replica answers: two gateway processes, one user, far more requests than the budget."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest
from oslira_devstack.stack import Stack, StackConfig
from people import person


@pytest.mark.campaign
async def test_of_400_requests_to_two_replicas_exactly_100_pass(scratch_dir: Path) -> None:
    config = StackConfig(
        data_dir=scratch_dir / "rate-limits",
        durable=False,
        replicas={"gateway": 2},
        extra_environment={"gateway": {"OSLIRA_RATE_LIMITS": "*.*=100000/60, read.user=100/60"}},
    )
    async with Stack(config) as stack, person(stack) as user, httpx.AsyncClient(timeout=30) as http:
        headers = {"authorization": f"Bearer {user.who.token}"}
        urls = [
            url.removesuffix("/health/ready")
            for name, process in stack.supervisor.processes.items()
            if name.startswith("gateway")
            for url in process.ready_urls[1:]
        ]
        assert len(urls) == 2
        # A budget that has just begun, so that it isn't reset in the middle.
        probe = await http.get(f"{urls[0]}/v1/me", headers=headers)
        await asyncio.sleep(int(probe.headers["ratelimit-reset"]) + 0.5)
        answers = await asyncio.gather(
            *(http.get(f"{url}/v1/me", headers=headers) for url in urls for _ in range(200))
        )
    assert Counter(answer.status_code for answer in answers) == {200: 100, 429: 300}
    assert all(1 <= int(a.headers["retry-after"]) <= 60 for a in answers if a.status_code == 429)

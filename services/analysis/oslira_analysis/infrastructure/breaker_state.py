"""The state of a provider, for /health/ready."""

import time
from collections.abc import Awaitable, Callable

from oslira_analysis.domain.breaker import Breaker


def breaker_state(breaker: Breaker) -> Callable[[], Awaitable[str]]:
    """From the breaker of this process, because a request to the provider would cost money."""

    async def state() -> str:
        known = breaker.state(time.monotonic())
        return "ok" if known == "closed" else f"its breaker is {known.replace('_', '-')}"

    return state

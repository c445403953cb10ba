"""Whether a provider is worth asking, for /health/ready."""

import time
from collections.abc import Awaitable, Callable

from oslira_analysis.domain.breaker import Breaker


def breaker_state(breaker: Breaker) -> Callable[[], Awaitable[str]]:
    """For /health/ready, as this process has come to know the provider: asking it would cost."""

    async def state() -> str:
        known = breaker.state(time.monotonic())
        return "ok" if known == "closed" else f"its breaker is {known.replace('_', '-')}"

    return state

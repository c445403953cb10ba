"""How fast the gateway answers at 50 requests/s, open loop: `GET /v1/credits/balance` and `POST /v1/analyses`.

The whole stack runs on this machine beside the sender, its providers as slow as the real ones; every POST is a new analysis of
another profile, held, accepted and hinted. Run by `oslira_proof.bench.api_latency` and `tests/e2e/test_api_latency.py`.
"""

import asyncio
import json
import uuid
from collections.abc import Callable

from oslira_devstack.access import access_to
from oslira_devstack.sign_in import SignedIn, sign_in
from oslira_devstack.stack import Stack

from oslira_proof.open_loop import Measured, Request, Sender, run_open_loop

PROMISED_P99_MS = 50.0
BALANCE = "GET /v1/credits/balance"
ANALYSES = "POST /v1/analyses"
RULER = "GET /health/live"
_USERS = 20


async def measure(stack: Stack, *, per_s: float, for_s: float, is_mixed_only: bool = False) -> list[Measured]:
    """Each endpoint alone at `per_s`, then both in turn at `per_s` together; `for_s` each. Last: RULER.

    Every tenth request is one that needs no other system: its lateness is the machine's own.
    """
    access = access_to(stack.describe(), stack.credentials)
    users = [
        await sign_in(
            access, email=f"{uuid.uuid4().hex[:12]}@oslira.test", available_credits=100_000, plan="agency"
        )
        for _ in range(_USERS)
    ]
    sender = Sender("127.0.0.1", stack.gateway_port)
    try:
        # Pools, caches and connections fill before anything counts.
        await run_open_loop(sender, lambda n: _either(users, n), per_s=per_s, for_s=2)
        found, ruler = list[Measured](), Measured(RULER)
        makers: tuple[Callable[[int], tuple[str, Request]], ...] = (
            lambda n: (BALANCE, _balance(users[n % _USERS])),
            lambda n: (ANALYSES, _analysis(users[n % _USERS])),
            lambda n: _either(users, n, suffix=" (mixed)"),
        )
        for make in makers[-1:] if is_mixed_only else makers:
            ruling = asyncio.create_task(
                run_open_loop(sender, lambda _: (RULER, _ruler()), per_s=per_s / 10, for_s=for_s)
            )
            measured = await run_open_loop(sender, make, per_s=per_s, for_s=for_s)
            found += [measured[name] for name in sorted(measured)]
            for one in (await ruling).values():
                ruler.latencies_ms += one.latencies_ms
                ruler.statuses += one.statuses
        return [*found, ruler]
    finally:
        await sender.close()


def _either(users: list[SignedIn], number: int, *, suffix: str = "") -> tuple[str, Request]:
    user = users[number // 2 % _USERS]
    return (ANALYSES + suffix, _analysis(user)) if number % 2 else (BALANCE + suffix, _balance(user))


def _balance(user: SignedIn) -> Request:
    return Request("GET", "/v1/credits/balance", user.token)


def _ruler() -> Request:
    return Request("GET", "/health/live", "")


def _analysis(user: SignedIn) -> Request:
    body = {
        "username": f"bench.{uuid.uuid4().hex[:16]}",
        "type": "light",
        "business_profile_id": str(user.business_profile_id),
    }
    return Request("POST", "/v1/analyses", user.token, json.dumps(body).encode())

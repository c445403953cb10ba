"""The real processes: in a production that is wrong in three ways no service starts, and each names all three."""

import asyncio
import os
import sys

from oslira_devstack.environment import SERVICES
from oslira_shared.bus.nkeys import new_seed
from oslira_shared.settings import DEVELOPMENT_MARK


async def _run(service: str, environment: dict[str, str]) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"oslira_{service}",
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 30)
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    return process.returncode, out.decode(), err.decode()


_KEY = "sk_live_0123456789"
_WRONG = {
    "OSLIRA_ENV": "production",
    "NATS_URL": "nats://127.0.0.1:1",
    "NATS_NKEY_SEED": new_seed(),
    "DATABASE_URL": f"postgresql://someone:{DEVELOPMENT_MARK}hunter2@127.0.0.1:1/oslira",
    "OPENAI_BASE_URL": "http://127.0.0.1:9000/openai/v1",
    **dict.fromkeys(("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "STRIPE_WEBHOOK_SECRET"), _KEY),
    "JWT_SECRET": "a real secret that has more than thirty-two bytes",
    "WEBHOOK_SECRETS_KEY": "another real secret that is as long as it has to be",
    "CHALLENGE_SECRET": _KEY,
    "S3_BUCKET": "oslira",
    "APP_URL": "https://app.example",
}


async def test_no_service_starts_and_each_says_why() -> None:
    ended = await asyncio.gather(*(_run(service, _WRONG) for service in SERVICES))
    for service, (code, out, err) in zip(SERVICES, ended, strict=True):
        assert (code, out) == (78, "")
        assert err.splitlines() == [
            f"{service} cannot start: STRIPE_SECRET_KEY is missing",
            f"{service} cannot start: OPENAI_BASE_URL is an address of this machine or a private network",
            f"{service} cannot start: DATABASE_URL holds a development secret",
        ]

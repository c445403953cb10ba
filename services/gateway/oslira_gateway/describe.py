"""`python -m oslira_gateway.describe > docs/generated/openapi.json`: the API's document, without a server."""

import asyncio
import json
import sys
from typing import Any, Final

import asyncpg
from oslira_shared.runtime import Runtime
from oslira_shared.settings import Env

from oslira_gateway.bootstrap import wire
from oslira_gateway.http.openapi.document import complete_openapi
from oslira_gateway.identity.tokens import TokensByAlgorithm
from oslira_gateway.settings import MIN_SECRET_BYTES, GatewaySettings

_NOWHERE: Final = "127.0.0.1:1"


async def describe() -> dict[str, Any]:
    """The document of the wired application, without connections."""
    settings = GatewaySettings.model_validate(
        {
            "OSLIRA_ENV": Env.DEVELOPMENT,
            "NATS_URL": f"nats://{_NOWHERE}",
            "DATABASE_URL": f"postgres://{_NOWHERE}/nothing",
            "JWT_SECRET": "x" * MIN_SECRET_BYTES,
        }
    )
    pool: Any = asyncpg.create_pool(settings.database_url.get_secret_value(), min_size=0)
    runtime = Runtime(settings, pool)
    document = complete_openapi(
        wire(runtime, settings, TokensByAlgorithm(shared_secret=None, jwks=None)).application
    )
    runtime.stopping.set()
    return document


def main() -> None:
    """Print it in a stable order, so that changes show in a diff."""
    json.dump(asyncio.run(describe()), sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()

"""The one place that computes each process's environment variables. Their names are contracts (docs: "Settings")."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oslira_devstack.credentials import Credentials
from oslira_devstack.providers import Providers
from oslira_devstack.servers.contract import Servers

SERVICES: Final = ("scheduler", "credits", "analysis", "billing", "gateway")

# A process gets these variables of the developer's environment, and those that begin with OSLIRA_ or its own name.
_PASSED_ON: Final = (
    "PATH",
    "PYTHONPATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "TZ",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SENTRY_DSN",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
_PASSED_ON_TO: Final[Mapping[str, tuple[str, ...]]] = {
    "gateway": (
        "WEBHOOK_SECRETS_KEY",
        "JWKS_URL",
        "JWT_ISSUER",
        "CORS_ALLOW_ORIGINS",
        "ANONYMOUS_ANALYSES",
        "ANONYMOUS_PER_NETWORK",
        "ANONYMOUS_LIFE_S",
    ),
    "console": ("SUPABASE_URL", "SUPABASE_ANON_KEY"),
    "credits": ("ANONYMOUS_ANALYSES", "ANONYMOUS_DAILY_CREDITS"),
    "analysis": (
        "APIFY_CONCURRENCY",
        "APIFY_ACTOR_LIMIT_S",
        "APIFY_REQUEST_TIMEOUT_S",
        "MODEL_TABLE",
        "MODEL_TIMEOUT_S",
        "SCORING_CONCURRENCY",
        "SHUTDOWN_GRACE_S",
        "AI_GATEWAY_TOKEN",
        "AI_GATEWAY_CACHE_TTL_S",
        "ACCOUNT_DAILY_COST_LIMIT_USD",
        "APIFY_START_SLACK_S",
    ),
}
# One machine, one address: demos, load and fuzz tests all come from it.
_GENEROUS: Final = "*.*=100000/60"


@dataclass(frozen=True, slots=True)
class Ports:
    """One process's ports; `http` only where a service has a public side."""

    internal: int
    http: int | None = None


def service_environment(
    service: str,
    *,
    ports: Ports,
    servers: Servers,
    credentials: Credentials,
    providers: Providers,
    app_url: str,
    extra: Mapping[str, str],
) -> dict[str, str]:
    """The whole environment of one service process; `extra` wins."""
    variables = {
        **passed_on(service),
        "OSLIRA_ENV": "development",
        "OSLIRA_INTERNAL_HOST": "127.0.0.1",
        "OSLIRA_INTERNAL_PORT": str(ports.internal),
        "NATS_URL": servers.nats.address,
        "NATS_NKEY_SEED": credentials.nkeys[service],
        "DATABASE_URL": servers.postgres.url(f"{service}_service"),
        **({"NATS_CA_FILE": str(servers.nats.ca_file)} if servers.nats.ca_file else {}),
    }
    if ports.http is not None:
        variables |= {
            "OSLIRA_HTTP_HOST": "127.0.0.1",
            "OSLIRA_HTTP_PORT": str(ports.http),
            "APP_URL": os.environ.get("APP_URL", app_url),
        }
    if service == "gateway":
        variables |= {
            "JWT_SECRET": os.environ.get("JWT_SECRET", credentials.jwt_secret),
            "OPERATOR_SECRET": os.environ.get("OPERATOR_SECRET", credentials.operator_secret),
            # All callers are on this machine.
            "OSLIRA_TRIALS_PER_NETWORK": os.environ.get("OSLIRA_TRIALS_PER_NETWORK", "1000"),
            "OSLIRA_TRIALS_UNCHALLENGED": os.environ.get("OSLIRA_TRIALS_UNCHALLENGED", "1000"),
            "OSLIRA_TRIALS_PER_MAIL_HOST": os.environ.get("OSLIRA_TRIALS_PER_MAIL_HOST", "1000"),
            # Any process on this machine may act as a proxy, so that other addresses can be tested.
            "TRUSTED_PROXIES": os.environ.get("TRUSTED_PROXIES", "127.0.0.1"),
            "OSLIRA_RATE_LIMITS": os.environ.get("OSLIRA_RATE_LIMITS", _GENEROUS),
        }
    if service == "analysis":
        variables |= {
            "S3_ENDPOINT_URL": servers.s3.endpoint_url,
            "S3_BUCKET": servers.s3.bucket,
            "AWS_ACCESS_KEY_ID": credentials.s3_access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.s3_secret_key,
            "AWS_REGION": "us-east-1",
        }
    return {**variables, **providers.environment(service), **extra}


def console_environment(
    *,
    ports: Ports,
    api_url: str,
    app_url: str,
    credentials: Credentials,
    simulators_url: str,
    extra: Mapping[str, str],
) -> dict[str, str]:
    """The whole environment of the console; `extra` wins. It has no login to the bus or to Postgres."""
    return {
        **passed_on("console"),
        "OSLIRA_ENV": "development",
        "OSLIRA_INTERNAL_HOST": "127.0.0.1",
        "OSLIRA_INTERNAL_PORT": str(ports.internal),
        "OSLIRA_HTTP_HOST": "127.0.0.1",
        "OSLIRA_HTTP_PORT": str(ports.http),
        "OSLIRA_API_URL": api_url,
        "APP_URL": os.environ.get("APP_URL", app_url),
        "JWT_SECRET": os.environ.get("JWT_SECRET", credentials.jwt_secret),
        "CONSOLE_SECRET": os.environ.get("CONSOLE_SECRET", credentials.console_secret),
        # A purchase leads to the simulator's page.
        "CONSOLE_FORM_TARGETS": f"https://checkout.stripe.com https://billing.stripe.com {simulators_url}",
        **extra,
    }


def simulator_command(*, port: int, speed: float, profiles: Path | None, seed: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "oslira_simulators",
        "--host=127.0.0.1",
        f"--port={port}",
        f"--speed={speed:g}",
        f"--seed={seed}",
        *([f"--profiles={profiles}"] if profiles else []),
    ]


def passed_on(process: str) -> dict[str, str]:
    names = {*_PASSED_ON, *_PASSED_ON_TO.get(process, ())}
    prefixes = ("OSLIRA_", f"{process.upper()}_")
    # A key of this machine's owner must not reach a process that doesn't use it: hence a list, not a copy.
    chosen = {n: v for n, v in os.environ.items() if n in names or n.startswith(prefixes)}
    return {**chosen, "PYTHONUNBUFFERED": "1"}

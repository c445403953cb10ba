"""The input of docker-compose.yml: the variables of .env and the bus's configuration, made once and kept."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from oslira_devstack import credentials, providers
from oslira_devstack.credentials import LOGIN_ROLES, MIGRATOR, SUPERUSER, Credentials
from oslira_devstack.servers.nats import nats_config

# Names of docker-compose.yml.
SIMULATORS_URL: Final = "http://simulators:8089"
_BASE_URLS: Final = (
    "APIFY_API_URL",
    "OPENAI_BASE_URL",
    "ANTHROPIC_BASE_URL",
    "STRIPE_API_BASE",
    "CHALLENGE_URL",
)
_HEAD: Final = "# Made by `make compose-env`, for development alone. Lines of your own stay: only names below are rewritten.\n"


def write(directory: Path) -> list[Path]:
    """`.env` and `.oslira/compose/` below the folder of docker-compose.yml; what was there before keeps its secrets.

    Real provider keys in this process's environment are written instead of the simulators' (see providers.choose).
    """
    folder = directory / ".oslira" / "compose"
    made = credentials.load_or_make(folder / "secrets.json")
    folder.chmod(0o700)
    # Mounted into the services' containers; their user has to read what is put there.
    (folder / "ca").mkdir(exist_ok=True)
    # Readable within that folder: the server in the container is root without the right to pass over a file's mode.
    nats = folder / "nats.conf"
    nats.write_text(_nats(made))
    nats.chmod(0o644)
    dotenv = directory / ".env"
    text = merged(dotenv.read_text() if dotenv.exists() else _HEAD, variables(made))
    with os.fdopen(os.open(dotenv, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return [dotenv, nats]


def variables(made: Credentials) -> dict[str, str]:
    """Everything that docker-compose.yml needs and can't derive."""
    chosen = providers.choose(made, simulators_url=SIMULATORS_URL, allow_real=True)
    return {
        "OSLIRA_SUPERUSER_PASSWORD": made.postgres[SUPERUSER],
        "OSLIRA_MIGRATOR_PASSWORD": made.postgres[MIGRATOR],
        **{f"{role.upper()}_PASSWORD": made.postgres[role] for role in LOGIN_ROLES},
        **{f"NATS_{user.upper()}_PASSWORD": password for user, password in made.nats.items()},
        **{f"NATS_{user.upper()}_NKEY_SEED": seed for user, seed in made.nkeys.items()},
        "S3_ACCESS_KEY": made.s3_access_key,
        "S3_SECRET_KEY": made.s3_secret_key,
        "JWT_SECRET": made.jwt_secret,
        "OPERATOR_SECRET": made.operator_secret,
        "CONSOLE_SECRET": made.console_secret,
        # Empty is the real one: a real key must not meet the simulator's address of an earlier run.
        **dict.fromkeys(_BASE_URLS, ""),
        **chosen.environment("analysis"),
        **chosen.environment("billing"),
        **chosen.environment("gateway"),
    }


def merged(text: str, values: Mapping[str, str]) -> str:
    """`text` with each of `values` on its own line, in its old place or at the end; other lines are unchanged."""
    left = dict(values)
    lines: list[str] = []
    for line in text.splitlines():
        name = line.partition("=")[0].strip()
        lines.append(f"{name}={_quoted(left.pop(name))}" if name in left else line)
    lines += [f"{name}={_quoted(value)}" for name, value in left.items()]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    # In single quotes Compose takes everything as it is.
    return f"'{value}'" if any(character in value for character in ' "$#{') else value


def _nats(made: Credentials) -> str:
    config = json.loads(nats_config(made, listen="0.0.0.0:4222", store="/data"))
    return json.dumps({**config, "http": "127.0.0.1:8222"}, indent=2)

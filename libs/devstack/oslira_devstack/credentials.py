"""Passwords and keys of a stack: made once per data directory, so that they and the data survive a restart together."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from oslira_shared.bus.nkeys import new_seed
from oslira_shared.bus.permissions import USERS
from oslira_shared.settings import DEVELOPMENT_MARK

MIGRATOR: Final = "oslira_migrator"
SUPERUSER: Final = "oslira_superuser"
SERVICE_ROLES: Final = (
    "gateway_service",
    "credits_service",
    "analysis_service",
    "billing_service",
    "scheduler_service",
)
OPERATOR_ROLE: Final = "oslira_operator"
LOGIN_ROLES: Final = (*SERVICE_ROLES, OPERATOR_ROLE)
# May do everything, only on throw-away servers: for tests.
TESTER: Final = "tester"
NATS_USERS: Final = (*USERS, TESTER)


class BrokenSecrets(Exception):  # noqa: N818
    """The file of secrets can't be read."""


def _password() -> str:
    # The mark keeps it out of staging and production: settings refuse it there.
    return f"{DEVELOPMENT_MARK}{secrets.token_hex(16)}"


def _seed() -> str:
    return new_seed(mark=DEVELOPMENT_MARK.encode())


@dataclass(frozen=True, slots=True)
class Credentials:
    """`postgres` maps role, `nats` maps user, to password; none needs quoting in a URL. `nkeys` maps user to seed.

    Services log in by seed, as everywhere; people, commands and tests by password, which only development's server takes.
    """

    postgres: dict[str, str] = field(
        default_factory=lambda: {role: _password() for role in (SUPERUSER, MIGRATOR, *LOGIN_ROLES)}
    )
    nats: dict[str, str] = field(default_factory=lambda: {user: _password() for user in NATS_USERS})
    nkeys: dict[str, str] = field(default_factory=lambda: {user: _seed() for user in USERS})
    s3_access_key: str = field(default_factory=_password)
    s3_secret_key: str = field(default_factory=_password)
    jwt_secret: str = field(default_factory=_password)
    operator_secret: str = field(default_factory=_password)
    console_secret: str = field(default_factory=_password)
    stripe_webhook_secret: str = field(default_factory=lambda: f"whsec_{_password()}")

    @property
    def service_passwords(self) -> dict[str, str]:
        """What migrate() sets: the login roles of services and of on-call."""
        return {role: self.postgres[role] for role in LOGIN_ROLES}


def load_or_make(path: Path) -> Credentials:
    """Read `path`, add what a newer version needs, write it back for this user's eyes only.

    Raises BrokenSecrets for a file that is no longer readable: other secrets would not fit the data.
    """
    made = asdict(Credentials())
    if path.exists():
        try:
            for key, kept in json.loads(path.read_text()).items():
                made[key] = {**made[key], **kept} if isinstance(kept, dict) else kept
        except (ValueError, AttributeError, KeyError) as error:
            raise BrokenSecrets(
                f"{path} is not what a stack wrote there: make clean removes it and the data"
            ) from error
    write_whole(path, json.dumps(made, indent=2), mode=0o600)
    return Credentials(**made)


def write_whole(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace `path` by a file that is complete: on a full disk the earlier one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.new")
    try:
        # Never readable by others, not even between creation and chmod.
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise

"""How a service reaches its database."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from oslira_shared.authorities import authorities_fault
from oslira_shared.postgres.address import (
    database_url_fault,
    files_fault,
    is_encrypted,
    password_of,
    with_authorities,
)
from oslira_shared.settings.base import Settings


class DatabaseSettings(Settings):
    """The address and what belongs to it."""

    database_url: SecretStr = Field(validation_alias="DATABASE_URL")
    """The service's database: postgres://SERVICE_service:PASSWORD@host:5432/oslira?sslmode=verify-full."""
    database_ca_file: Path | None = Field(default=None, validation_alias="DATABASE_CA_FILE")
    """File (PEM) of the authorities that may sign the database's certificate, instead of the system's."""
    database_allow_plaintext: bool = Field(default=False, validation_alias="DATABASE_ALLOW_PLAINTEXT")
    """Allow a database without TLS outside development: where the network encrypts by itself, or a proxy is beside us."""
    database_next_password: SecretStr | None = Field(default=None, validation_alias="DATABASE_NEXT_PASSWORD")
    """The password that is about to replace DATABASE_URL's, tried where that one is rejected: for a rotation without errors."""
    database_pooled: bool = Field(default=False, validation_alias="DATABASE_POOLED")
    """Whether the address is of a transaction pooler (PgBouncer, Supavisor): no prepared statements, no session settings."""
    database_pool_size: int = Field(default=12, ge=2, le=100, validation_alias="DATABASE_POOL_SIZE")
    """The most connections of one process."""

    @field_validator("database_url")
    @classmethod
    def _an_address_that_can_be_tried(cls, url: SecretStr) -> SecretStr:
        if (fault := database_url_fault(url.get_secret_value())) is not None:
            raise ValueError(fault)
        return url

    @field_validator("database_ca_file")
    @classmethod
    def _database_authorities(cls, path: Path | None) -> Path | None:
        if path is not None and (fault := authorities_fault(path)) is not None:
            raise ValueError(fault)
        return path

    def _contradictions(self) -> list[str]:
        return [
            *super()._contradictions(),
            *address_contradictions("DATABASE_URL", self.database_url, self.database_ca_file),
        ]

    def _faults(self) -> list[str]:
        return [
            *super()._faults(),
            *plaintext_faults("DATABASE_URL", self.database_url, is_allowed=self.database_allow_plaintext),
        ]

    @property
    def database_address(self) -> str:
        """DATABASE_URL with its certificate authorities: what is connected to."""
        return with_authorities(self.database_url.get_secret_value(), self.database_ca_file)

    async def other_database_passwords(self) -> list[str]:
        """What to try where the server rejects our password: the one that the secrets' source has by now, and the next one."""
        await self.live_secrets.refresh_one("DATABASE_URL")
        current = password_of(self.secret("database_url")())
        return [one for one in (current, self.secret("database_next_password")()) if one]


def address_contradictions(variable: str, url: SecretStr, ca_file: Path | None) -> list[str]:
    """What doesn't fit together, each beginning with the setting's name."""
    fault = files_fault(url.get_secret_value(), ca_file)
    return [f"{variable}: {fault}"] if fault else []


def plaintext_faults(variable: str, url: SecretStr, *, is_allowed: bool) -> list[str]:
    """Whether a deployment's address lacks TLS."""
    if is_allowed or is_encrypted(url.get_secret_value()):
        return []
    return [f"{variable} needs ?sslmode=verify-full (or set DATABASE_ALLOW_PLAINTEXT=true)"]

"""What `oslira provision` reads."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from oslira_shared.authorities import authorities_fault
from oslira_shared.postgres.address import database_url_fault, options_of, with_authorities
from oslira_shared.settings.bucket import BucketSettings
from oslira_shared.settings.bus import BusSettings
from oslira_shared.settings.database import address_contradictions, plaintext_faults
from oslira_shared.settings.values import BucketName

# dbmate's driver has no others.
_SSLMODES = frozenset({"disable", "require", "verify-ca", "verify-full"})


class ProvisionSettings(BucketSettings, BusSettings):
    """Each of database, bus and bucket is brought up to date if its address is set."""

    service: ClassVar[str] = "provision"

    nats_url: SecretStr | None = Field(default=None, validation_alias="NATS_URL")  # pyright: ignore[reportIncompatibleVariableOverride]  # not required here
    """The bus's address: tls://host:4222. In development also nats://user:password@host:4222."""
    s3_bucket: BucketName | None = Field(default=None, validation_alias="S3_BUCKET")  # pyright: ignore[reportIncompatibleVariableOverride]  # not required here
    """The bucket of scraped profiles and pictures."""
    stream_replicas: int = Field(default=1, ge=1, le=5, validation_alias="NATS_STREAM_REPLICAS")
    """Copies of each stream. The provisioning Job must have the same value, or the two would undo each other's changes."""
    database_admin_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_ADMIN_URL")
    """The database, as the migrator: postgres://oslira_migrator:PASSWORD@host:5432/oslira?sslmode=verify-full."""
    database_ca_file: Path | None = Field(default=None, validation_alias="DATABASE_CA_FILE")
    """File (PEM) of the authorities that may sign the database's certificate, instead of the system's."""
    database_allow_plaintext: bool = Field(default=False, validation_alias="DATABASE_ALLOW_PLAINTEXT")
    """Allow a database without TLS outside development: where the network encrypts by itself, or a proxy is beside us."""
    gateway_service_password: SecretStr | None = Field(
        default=None, validation_alias="GATEWAY_SERVICE_PASSWORD"
    )
    """The password that the role gateway_service gets. Without it the role keeps its own."""
    credits_service_password: SecretStr | None = Field(
        default=None, validation_alias="CREDITS_SERVICE_PASSWORD"
    )
    """The password that the role credits_service gets. Without it the role keeps its own."""
    analysis_service_password: SecretStr | None = Field(
        default=None, validation_alias="ANALYSIS_SERVICE_PASSWORD"
    )
    """The password that the role analysis_service gets. Without it the role keeps its own."""
    billing_service_password: SecretStr | None = Field(
        default=None, validation_alias="BILLING_SERVICE_PASSWORD"
    )
    """The password that the role billing_service gets. Without it the role keeps its own."""
    scheduler_service_password: SecretStr | None = Field(
        default=None, validation_alias="SCHEDULER_SERVICE_PASSWORD"
    )
    """The password that the role scheduler_service gets. Without it the role keeps its own."""
    oslira_operator_password: SecretStr | None = Field(
        default=None, validation_alias="OSLIRA_OPERATOR_PASSWORD"
    )
    """The password that on-call's login oslira_operator gets. Without it the role keeps its own."""

    @field_validator("database_admin_url")
    @classmethod
    def _an_address_for_migrations(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return url
        if (fault := database_url_fault(url.get_secret_value())) is not None:
            raise ValueError(fault)
        if options_of(url.get_secret_value()).get("sslmode", "disable") not in _SSLMODES:
            raise ValueError(
                f"for migrations the option sslmode has to be one of {', '.join(sorted(_SSLMODES))}"
            )
        return url

    @field_validator("database_ca_file")
    @classmethod
    def _database_authorities(cls, path: Path | None) -> Path | None:
        if path is not None and (fault := authorities_fault(path)) is not None:
            raise ValueError(fault)
        return path

    def _contradictions(self) -> list[str]:
        faults = super()._contradictions()
        if self.database_admin_url is not None:
            faults += address_contradictions(
                "DATABASE_ADMIN_URL", self.database_admin_url, self.database_ca_file
            )
        return faults

    def _faults(self) -> list[str]:
        faults = super()._faults() if self.nats_url is not None else []
        if self.database_admin_url is not None:
            faults += plaintext_faults(
                "DATABASE_ADMIN_URL", self.database_admin_url, is_allowed=self.database_allow_plaintext
            )
        return faults

    def _bus_has_tls(self) -> bool:
        return self.nats_url is None or super()._bus_has_tls()

    def _is_used(self) -> bool:
        return self.s3_bucket is not None

    @property
    def admin_address(self) -> str | None:
        """DATABASE_ADMIN_URL with its certificate authorities."""
        if self.database_admin_url is None:
            return None
        return with_authorities(self.database_admin_url.get_secret_value(), self.database_ca_file)

    def password_of(self, role: str) -> str | None:
        """The password that a login role gets; None: it keeps its own."""
        return self._secret(f"{role}_password")

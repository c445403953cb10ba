"""Settings of webhooks."""

from typing import ClassVar, Final, Self

from oslira_shared.settings import DEVELOPMENT_MARK, Env, ServiceSettings
from pydantic import Field, SecretStr, model_validator

from oslira_gateway.webhooks.address import AddressPolicy

# Long enough for a derived key of 256 bits.
_MIN_KEY: Final = 32
# In other environments a missing key, or this one, stops the start.
_DEVELOPMENT_KEY: Final = f"{DEVELOPMENT_MARK}webhook-secrets-of-this-machine"


class WebhookSettings(ServiceSettings):
    """For both processes: the API seals secrets, the sender opens them."""

    service: ClassVar[str] = "gateway"

    webhook_secrets_key: SecretStr | None = Field(default=None, validation_alias="WEBHOOK_SECRETS_KEY")
    """Keys of the secrets of customers' webhooks, 32 characters or more, with commas between: the first seals, all open."""

    def _faults(self) -> list[str]:
        return [*super()._faults(), *([] if self.webhook_secrets_key else ["WEBHOOK_SECRETS_KEY is missing"])]

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if not self.webhook_keys or any(len(key) < _MIN_KEY for key in self.webhook_keys):
            raise ValueError(f"WEBHOOK_SECRETS_KEY needs at least {_MIN_KEY} characters in each key")
        return self

    @property
    def webhook_keys(self) -> list[str]:
        """The keys, the current one first."""
        if self.webhook_secrets_key is None:
            return [_DEVELOPMENT_KEY]
        return [key.strip() for key in self.webhook_secrets_key.get_secret_value().split(",") if key.strip()]

    @property
    def webhook_addresses(self) -> AddressPolicy:
        """Where webhooks may be sent: in development also to this machine."""
        return AddressPolicy(allows_loopback=self.env is Env.DEVELOPMENT)


class SenderSettings(WebhookSettings):
    """The sending process."""

    process: ClassVar[str] = "webhooks"

    webhook_concurrency: int = Field(default=64, ge=1, le=1000, validation_alias="WEBHOOK_CONCURRENCY")
    """Deliveries of one process at once."""
    webhook_per_endpoint: int = Field(default=2, ge=1, le=50, validation_alias="WEBHOOK_PER_ENDPOINT")
    """Deliveries to one endpoint at once, in the whole fleet."""
    webhook_sweep_age_s: float = Field(default=60.0, ge=0, le=3_600, validation_alias="WEBHOOK_SWEEP_AGE_S")
    """Age of a run's end from which the sweep delivers it; longer than any transaction that ends a run."""
    webhook_sweep_every_s: float = Field(
        default=5.0, gt=0, le=3_600, validation_alias="WEBHOOK_SWEEP_EVERY_S"
    )
    """How often deliveries that are due are looked for."""
    webhook_pause_failures: int = Field(default=8, ge=1, le=1_000, validation_alias="WEBHOOK_PAUSE_FAILURES")
    """Failed deliveries in a row after which an endpoint is paused."""
    webhook_pause_s: float = Field(default=86_400.0, ge=0, le=2_592_000, validation_alias="WEBHOOK_PAUSE_S")
    """How long an endpoint must have failed before it is paused."""

"""Billing's settings."""

from typing import ClassVar, Literal, Self

from oslira_shared.catalog import PACKS, PLANS
from oslira_shared.settings import Env, ServiceSettings
from oslira_shared.settings.values import HttpUrl, ListenHost, Port
from pydantic import BaseModel, Field, model_validator


class Price(BaseModel):
    """What a Stripe price sells: a plan at an interval, or a pack; neither: something without credits.

    The last of several for the same is the one that is sold, unless it isn't `active`.
    """

    plan: str | None = None
    pack: str | None = None
    interval: Literal["month", "year"] | None = None
    active: bool = True

    @model_validator(mode="after")
    def _one_thing_that_we_sell(self) -> Self:
        if self.plan is not None and self.pack is not None:
            raise ValueError("names a plan and a pack")
        if self.plan is not None and self.plan not in PLANS:
            raise ValueError(f"its plan is not one of {', '.join(PLANS)}")
        if self.pack is not None and self.pack not in PACKS:
            raise ValueError(f"its pack is not one of {', '.join(PACKS)}")
        return self


class BillingSettings(ServiceSettings):
    """`STRIPE_PRICES` is JSON: `{"price_…": {"plan": "pro", "interval": "month"}, "price_…": {"pack": "pack_100"}}`."""

    service: ClassVar[str] = "billing"
    uses: ClassVar[frozenset[str]] = frozenset({"stripe_secret_key", "stripe_webhook_secret"})

    http_host: ListenHost = Field(default="0.0.0.0", validation_alias="OSLIRA_HTTP_HOST")  # noqa: S104  # in a pod
    """Address that the public port listens on."""
    http_port: Port = Field(default=8081, validation_alias="OSLIRA_HTTP_PORT")
    """Public port; 0: any free one."""
    app_url: HttpUrl = Field(default="http://localhost:8080", validation_alias="APP_URL")
    """Where Stripe sends users back to, and nowhere else; https outside development."""
    event_lease_s: float = Field(default=30.0, gt=0, le=3_600, validation_alias="OSLIRA_EVENT_LEASE_S")
    """How long a process holds one of Stripe's events before another may take it."""
    stripe_prices: dict[str, Price] = Field(default={}, validation_alias="STRIPE_PRICES")
    """What is sold, as JSON: {"price_…": {"plan": "pro", "interval": "month"}, "price_…": {"pack": "pack_100"}}."""

    @model_validator(mode="after")
    def _has_its_secrets(self) -> "BillingSettings":
        if not self.webhook_secrets() or not self.api_key:
            raise ValueError("STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET are needed, in development too")
        return self

    @model_validator(mode="after")
    def _key_is_of_its_mode(self) -> "BillingSettings":
        other = ("sk_test_", "rk_test_") if self.livemode else ("sk_live_", "rk_live_")
        if self.api_key.startswith(other):
            raise ValueError(f"STRIPE_SECRET_KEY begins with {other[0]}: that mode is not {self.env}'s")
        return self

    @model_validator(mode="after")
    def _says_where_users_come_back_to(self) -> "BillingSettings":
        if self.env is not Env.DEVELOPMENT and not self.app_url.startswith("https://"):
            raise ValueError("APP_URL is needed, with https, outside development")
        return self

    def webhook_secrets(self) -> list[str]:
        """The current ones; several, comma-separated, during a rotation."""
        value = self.secret("stripe_webhook_secret")()
        return [secret.strip() for secret in value.split(",") if secret.strip()]

    @property
    def api_key(self) -> str:
        """For Stripe's API."""
        return self.stripe_secret_key.get_secret_value() if self.stripe_secret_key else ""

    @property
    def livemode(self) -> bool:
        """Real money in production only; test mode elsewhere."""
        return self.env is Env.PRODUCTION

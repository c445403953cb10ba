"""Settings of credits, in addition to those of every service."""

from datetime import timedelta
from typing import ClassVar, Literal

from oslira_shared.settings import ServiceSettings
from pydantic import Field


class CreditsSettings(ServiceSettings):
    """Durations in seconds, amounts in credits."""

    service: ClassVar[str] = "credits"

    hold_life_s: float = Field(default=120.0, gt=0, validation_alias="OSLIRA_HOLD_LIFE_S")
    hold_extension_s: float = Field(default=600.0, gt=0, validation_alias="OSLIRA_HOLD_EXTENSION_S")
    low_balance_credits: int = Field(default=5, ge=0, validation_alias="OSLIRA_LOW_BALANCE_CREDITS")
    # For all anonymous callers together; 0: none. The gateway reads ANONYMOUS_ANALYSES too.
    anonymous_analyses: Literal["on", "off"] = Field(default="on", validation_alias="ANONYMOUS_ANALYSES")
    anonymous_daily_credits: int = Field(
        default=50, ge=0, le=100_000, validation_alias="ANONYMOUS_DAILY_CREDITS"
    )
    sweep_every_s: float = Field(default=1.0, gt=0, validation_alias="OSLIRA_SWEEP_EVERY_S")

    @property
    def hold_life(self) -> timedelta:
        """How long a hold lasts before its outcome is queried."""
        return timedelta(seconds=self.hold_life_s)

    @property
    def hold_extension(self) -> timedelta:
        """The extension of a hold whose run is still active."""
        return timedelta(seconds=self.hold_extension_s)

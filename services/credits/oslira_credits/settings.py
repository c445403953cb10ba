"""Settings of credits, in addition to those of every service."""

from datetime import timedelta
from typing import ClassVar, Literal

from oslira_shared.settings import ServiceSettings
from pydantic import Field


class CreditsSettings(ServiceSettings):
    """Durations in seconds, amounts in credits."""

    service: ClassVar[str] = "credits"

    hold_life_s: float = Field(default=120.0, gt=0, le=86_400, validation_alias="OSLIRA_HOLD_LIFE_S")
    """How long a hold lasts before its outcome is queried."""
    hold_extension_s: float = Field(
        default=600.0, gt=0, le=86_400, validation_alias="OSLIRA_HOLD_EXTENSION_S"
    )
    """By how much a hold is extended whose run is still active."""
    low_balance_credits: int = Field(
        default=5, ge=0, le=1_000_000, validation_alias="OSLIRA_LOW_BALANCE_CREDITS"
    )
    """Below this balance an account is told that it is low."""
    anonymous_analyses: Literal["on", "off"] = Field(default="on", validation_alias="ANONYMOUS_ANALYSES")
    """Analyses without an account. The gateway and credits read it."""
    anonymous_daily_credits: int = Field(
        default=50, ge=0, le=100_000, validation_alias="ANONYMOUS_DAILY_CREDITS"
    )
    """For all anonymous callers together in a day; 0: none."""
    sweep_every_s: float = Field(default=1.0, gt=0, le=60, validation_alias="OSLIRA_SWEEP_EVERY_S")
    """How often overdue rows are announced again."""

    @property
    def hold_life(self) -> timedelta:
        """How long a hold lasts before its outcome is queried."""
        return timedelta(seconds=self.hold_life_s)

    @property
    def hold_extension(self) -> timedelta:
        """The extension of a hold whose run is still active."""
        return timedelta(seconds=self.hold_extension_s)

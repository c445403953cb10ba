"""Settings of the scheduler."""

from typing import ClassVar

from oslira_shared.settings import BusSettings, ServiceSettings
from pydantic import Field


class SchedulerSettings(ServiceSettings):
    """NATS_URL here is the only credential that may change the topology."""

    service: ClassVar[str] = "scheduler"

    stream_replicas: int = Field(default=1, ge=1, le=5, validation_alias="NATS_STREAM_REPLICAS")
    """Copies of each stream. The provisioning Job must have the same value, or the two would undo each other's changes."""


class TickSettings(BusSettings):
    """A CronJob's process: the bus alone, as the scheduler."""

    service: ClassVar[str] = "tick"

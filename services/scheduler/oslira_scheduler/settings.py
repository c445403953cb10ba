"""What the scheduler reads from its environment."""

from typing import ClassVar

from oslira_shared.settings import ServiceSettings
from pydantic import Field


class SchedulerSettings(ServiceSettings):
    """NATS_URL here is the only credential that may change the topology."""

    service: ClassVar[str] = "scheduler"

    # Of each stream; as the provisioning Job has it, or the two would undo each other's work.
    stream_replicas: int = Field(default=1, ge=1, le=5, validation_alias="NATS_STREAM_REPLICAS")

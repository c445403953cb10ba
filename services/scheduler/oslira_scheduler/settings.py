"""The scheduler's settings: none of its own."""

from typing import ClassVar

from oslira_shared.settings import ServiceSettings


class SchedulerSettings(ServiceSettings):
    """NATS_URL here is the only credential that may change the topology."""

    service: ClassVar[str] = "scheduler"

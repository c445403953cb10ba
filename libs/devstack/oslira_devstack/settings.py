"""What `oslira up` and the other commands of this machine's stack read."""

from pathlib import Path
from typing import ClassVar

from oslira_shared.settings import Settings
from pydantic import Field


class StackSettings(Settings):
    """Of the stack on one machine."""

    service: ClassVar[str] = "oslira"

    gateway_port: int = Field(default=8080, ge=1, le=65_533, validation_alias="OSLIRA_PORT")
    """The gateway's port."""
    billing_port: int | None = Field(default=None, ge=1, le=65_535, validation_alias="OSLIRA_BILLING_PORT")
    """Billing's port; without it one above the gateway's."""
    console_port: int | None = Field(default=None, ge=1, le=65_535, validation_alias="OSLIRA_CONSOLE_PORT")
    """The console's port; without it two above the gateway's, or any free one."""
    data_dir: Path = Field(default=Path(".oslira"), validation_alias="OSLIRA_DATA_DIR")
    """Folder of data, logs and secrets; one stack at a time uses it."""

    def _contradictions(self) -> list[str]:
        faults = super()._contradictions()
        if self.billing_port == self.gateway_port:
            faults.append("OSLIRA_BILLING_PORT and OSLIRA_PORT have to differ")
        return faults

"""The settings of every process that runs until it is stopped."""

import os
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from oslira_shared.settings.base import DEVELOPMENT_MARK, Settings, variable
from oslira_shared.settings.values import ListenHost, LogLevel, Port


class ProcessSettings(Settings):
    """Where it is watched, how it logs, and how it stops."""

    internal_port: Port = Field(default=9090, validation_alias="OSLIRA_INTERNAL_PORT")
    """Port of health, metrics and, in the gateway, operators' routes; 0: any free one."""
    internal_host: ListenHost = Field(default="0.0.0.0", validation_alias="OSLIRA_INTERNAL_HOST")  # noqa: S104  # in a pod
    """Address that the internal port listens on."""
    log_level: LogLevel = Field(default="INFO", validation_alias="OSLIRA_LOG_LEVEL")
    """The least important log lines that are written."""
    sentry_dsn: SecretStr | None = Field(default=None, validation_alias="SENTRY_DSN")
    """Where errors are reported. Without one nowhere."""
    drain_delay_s: float = Field(default=0, ge=0, le=30, validation_alias="OSLIRA_DRAIN_DELAY_S")
    """How long a stopping process that is not ready still accepts requests; 0 where a preStop hook waits."""

    @field_validator("sentry_dsn")
    @classmethod
    def _a_dsn(cls, dsn: SecretStr | None) -> SecretStr | None:
        if dsn is not None:
            parts = urlsplit(dsn.get_secret_value())
            if not (parts.scheme in {"http", "https"} and parts.username and parts.path.strip("/")):
                raise ValueError("has to be https://KEY@host/PROJECT")
        return dsn

    @model_validator(mode="after")
    def _listens_twice_on_one_port(self) -> Self:
        if self.internal_port and getattr(self, "http_port", None) == self.internal_port:
            raise ValueError("OSLIRA_HTTP_PORT and OSLIRA_INTERNAL_PORT have to differ")
        return self

    def _development_secrets(self) -> list[str]:
        """A line for each variable that holds one."""
        marked = {n: self._secret(n) or "" for n in type(self).model_fields}
        holders = {variable(type(self), name) for name, value in marked.items() if DEVELOPMENT_MARK in value}
        # Also without a field: an SDK may read its key from the environment itself.
        holders |= {name for name, value in os.environ.items() if DEVELOPMENT_MARK in value}
        return [f"{name} holds a development secret" for name in sorted(holders)]

"""What all programs' settings share: where values come from, and rules that hold for every value."""

from enum import StrEnum
from typing import ClassVar, Final, Self

from pydantic import Field, PrivateAttr, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from oslira_shared.secrets import LiveSecrets, Secret
from oslira_shared.settings.values import has_stray_space

# Every secret that the development stack makes or builds in contains this.
DEVELOPMENT_MARK: Final = "oslira-dev-"
# Instead of a provider's key, where a service doesn't use it (docs/decisions/0002).
ELSEWHERE: Final = "elsewhere"


class Env(StrEnum):
    """The kind of deployment. Only development has simulators and built-in secrets."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """One program's settings. A field's docstring says what it is; docs/settings.md is made of them."""

    model_config = SettingsConfigDict(
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )
    service: ClassVar[str]

    env: Env = Field(default=Env.PRODUCTION, validation_alias="OSLIRA_ENV")
    """The kind of deployment. Only development takes simulators, built-in secrets and connections without TLS."""

    _live: LiveSecrets = PrivateAttr(default_factory=LiveSecrets)

    @field_validator("*")
    @classmethod
    def _a_whole_secret(cls, value: object) -> object:
        if isinstance(value, SecretStr) and has_stray_space(value.get_secret_value()):
            raise ValueError("it has white space around it or a line break in it")
        return value

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        faults = self._contradictions()
        if self.env is not Env.DEVELOPMENT:
            faults += self._faults()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _contradictions(self) -> list[str]:
        """Settings that can't work together, in any environment. Each begins with a setting's name."""
        return []

    def _faults(self) -> list[str]:
        """What is missing or not allowed outside development. Each begins with a setting's name."""
        return []

    @property
    def live_secrets(self) -> LiveSecrets:
        """The values of the secrets' source that may change while we run; empty where they come from the environment."""
        return self._live

    def secret(self, name: str) -> Secret:
        """A callable for the current value of field `name`: its source may change it while we run."""
        name_of, at_start = variable(type(self), name), self._secret(name) or ""
        return lambda: self._live.get(name_of) or at_start

    def _secret(self, name: str) -> str | None:
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else None


def variable(kind: type[Settings], name: str) -> str:
    """The environment variable of a field."""
    return str(kind.model_fields[name].validation_alias or name.upper())


def is_secret(field: FieldInfo) -> bool:
    """Whether its value must not be shown."""
    return "SecretStr" in str(field.annotation)

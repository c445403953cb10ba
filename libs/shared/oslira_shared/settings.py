"""Settings from the environment, and the rule that development defaults work only in development.

Outside development every service refuses to start with a missing provider key, a provider on this machine, or a development
secret, even if it doesn't use it: a deployment that is wrong in one place is wrong. A service that doesn't need a key gets the
word `elsewhere` instead (see docs/decisions): the deployment says that the key exists, and passes it only to services that use it.
"""

import ipaddress
import os
import socket
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from oslira_shared.bus import nkeys
from oslira_shared.bus.login import Login
from oslira_shared.postgres.address import database_url_fault
from oslira_shared.secrets import LiveSecrets, Secret
from oslira_shared.secrets.aws import AwsVault
from oslira_shared.secrets.live import REFRESH_EVERY_S, SecretsUnavailable

# Every secret that the development stack makes or builds in contains this.
DEVELOPMENT_MARK: Final = "oslira-dev-"
ELSEWHERE: Final = "elsewhere"
EX_CONFIG: Final = 78
EX_TEMPFAIL: Final = 75
_PRIVATE_NAMES: Final = (".localhost", ".localdomain", ".local", ".internal", ".lan", ".svc")


class Env(StrEnum):
    """The kind of deployment. Only development has simulators and built-in secrets."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class ServiceSettings(BaseSettings):
    """The settings of every service. Subclasses add their own and name the provider secrets they use in `uses`."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)
    service: ClassVar[str]
    uses: ClassVar[frozenset[str]] = frozenset()

    env: Env = Field(default=Env.PRODUCTION, validation_alias="OSLIRA_ENV")
    internal_port: int = Field(default=9090, ge=0, le=65535, validation_alias="OSLIRA_INTERNAL_PORT")
    internal_host: str = Field(default="0.0.0.0", validation_alias="OSLIRA_INTERNAL_HOST")  # noqa: S104  # in a pod
    log_level: str = Field(default="INFO", validation_alias="OSLIRA_LOG_LEVEL")
    secrets_provider: Literal["env", "aws"] = Field(default="env", validation_alias="SECRETS_PROVIDER")
    nats_url: SecretStr = Field(validation_alias="NATS_URL")
    nats_nkey_seed: SecretStr | None = Field(default=None, validation_alias="NATS_NKEY_SEED")
    nats_ca_file: Path | None = Field(default=None, validation_alias="NATS_CA_FILE")
    nats_cert_file: Path | None = Field(default=None, validation_alias="NATS_CERT_FILE")
    nats_key_file: Path | None = Field(default=None, validation_alias="NATS_KEY_FILE")
    database_url: SecretStr = Field(validation_alias="DATABASE_URL")
    database_pooled: bool = Field(default=False, validation_alias="DATABASE_POOLED")
    database_pool_size: int = Field(default=12, ge=2, le=100, validation_alias="DATABASE_POOL_SIZE")
    # A collector's OTLP/HTTP address; without one no span is kept, and OpenTelemetry is not imported.
    otlp_endpoint: str | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    sentry_dsn: SecretStr | None = Field(default=None, validation_alias="SENTRY_DSN")
    # How long a stopping process that is not ready still accepts requests: until load balancers have seen it. 0 where something
    # else (a preStop hook) waits before the signal.
    drain_delay_s: float = Field(default=0, ge=0, le=30, validation_alias="OSLIRA_DRAIN_DELAY_S")
    # How long a request to another service waits for a responder, while its only process is replaced.
    rpc_patience_s: float = Field(default=5, ge=0, le=25, validation_alias="OSLIRA_RPC_PATIENCE_S")

    apify_token: SecretStr | None = Field(default=None, validation_alias="APIFY_TOKEN")
    apify_api_url: str = Field(default="https://api.apify.com", validation_alias="APIFY_API_URL")
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str = Field(default="https://api.openai.com/v1", validation_alias="OPENAI_BASE_URL")
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias="ANTHROPIC_API_KEY")
    anthropic_base_url: str = Field(
        default="https://api.anthropic.com", validation_alias="ANTHROPIC_BASE_URL"
    )
    ai_gateway_url: str | None = Field(default=None, validation_alias="AI_GATEWAY_URL")
    stripe_secret_key: SecretStr | None = Field(default=None, validation_alias="STRIPE_SECRET_KEY")
    stripe_webhook_secret: SecretStr | None = Field(default=None, validation_alias="STRIPE_WEBHOOK_SECRET")
    stripe_api_base: str = Field(default="https://api.stripe.com", validation_alias="STRIPE_API_BASE")
    jwt_secret: SecretStr | None = Field(default=None, validation_alias="JWT_SECRET")
    jwks_url: str | None = Field(default=None, validation_alias="JWKS_URL")

    _live: LiveSecrets = PrivateAttr(default_factory=LiveSecrets)

    @field_validator("database_url")
    @classmethod
    def _an_address_that_can_be_tried(cls, url: SecretStr) -> SecretStr:
        if (fault := database_url_fault(url.get_secret_value())) is not None:
            raise ValueError(fault)
        return url

    @field_validator("nats_nkey_seed")
    @classmethod
    def _a_users_seed(cls, seed: SecretStr | None) -> SecretStr | None:
        if seed is not None:
            nkeys.public_key(seed.get_secret_value())
        return seed

    @model_validator(mode="after")
    def _fit_for_its_environment(self) -> Self:
        if self.env is not Env.DEVELOPMENT and (faults := list(self._faults())):
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> list[str]:
        faults: list[str] = []
        if not self.nats_nkey_seed:
            faults.append("NATS_NKEY_SEED is missing")
        elif nkeys.holds(self.nats_nkey_seed.get_secret_value(), DEVELOPMENT_MARK.encode()):
            faults.append("NATS_NKEY_SEED holds a development secret")
        for name in (
            "apify_token",
            "openai_api_key",
            "anthropic_api_key",
            "stripe_secret_key",
            "stripe_webhook_secret",
        ):
            value = self._secret(name)
            if not value:
                faults.append(f"{_variable(name)} is missing")
            elif value == ELSEWHERE and name in self.uses:
                faults.append(f"{_variable(name)} is used here, so it can't be {ELSEWHERE!r}")
        if not self._secret("jwt_secret") and not self.jwks_url:
            faults.append("JWT_SECRET or JWKS_URL is missing")
        if self.jwks_url and urlsplit(self.jwks_url).scheme != "https" and not is_local(self.jwks_url):
            faults.append("JWKS_URL must be https: its answer decides which tokens are valid")
        for name in (
            "apify_api_url",
            "openai_base_url",
            "anthropic_base_url",
            "stripe_api_base",
            "ai_gateway_url",
            "jwks_url",
        ):
            value = getattr(self, name)
            if value and is_local(value):
                faults.append(f"{_variable(name)} is an address of this machine or a private network")
        marked = {n: self._secret(n) or "" for n in type(self).model_fields}
        holders = {_variable(name) for name, value in marked.items() if DEVELOPMENT_MARK in value}
        # Also without a field: the S3 client reads its keys from the environment itself.
        holders |= {name for name, value in os.environ.items() if DEVELOPMENT_MARK in value}
        faults += [f"{name} holds a development secret" for name in sorted(holders)]
        return faults

    @property
    def live_secrets(self) -> LiveSecrets:
        """The values of the vault; empty where secrets come from the environment."""
        return self._live

    def secret(self, name: str) -> Secret:
        """A callable for the current value of field `name`: a vault may rotate it while we run."""
        variable, at_start = _alias(type(self), name), self._secret(name) or ""
        return lambda: self._live.get(variable) or at_start

    @property
    def bus_login(self) -> Login:
        """How this service logs in to the bus."""
        return Login(
            self._secret("nats_nkey_seed"), self.nats_ca_file, self.nats_cert_file, self.nats_key_file
        )

    def _secret(self, name: str) -> str | None:
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else None


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def load_settings(kind: type[SettingsT]) -> SettingsT:
    """The settings, or one line on standard error for each problem, and exit 78 (EX_CONFIG)."""
    try:
        return _from_aws(kind) if os.environ.get("SECRETS_PROVIDER") == "aws" else _from_environment(kind)
    except SecretsUnavailable as error:
        print(f"{kind.service} cannot start: its secrets can't be read: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(EX_TEMPFAIL) from None
    except SettingsError as error:  # a value that should be JSON; the message names the field, not the value
        print(f"{kind.service} cannot start: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(EX_CONFIG) from None
    except ValidationError as error:
        _refuse(kind.service, error)


def _from_environment(kind: type[SettingsT]) -> SettingsT:
    # SECRETS_DIR: a folder with one file for each variable, as Kubernetes and Docker mount secrets.
    return kind(_secrets_dir=os.environ.get("SECRETS_DIR") or None)  # pyright: ignore[reportCallIssue]  # from the environment


def _from_aws(kind: type[SettingsT]) -> SettingsT:
    """Reads from the vault what the environment doesn't hold; what the vault doesn't return is missing."""
    vault = AwsVault.from_environment(os.environ)
    asked = [_alias(kind, name) for name, field in kind.model_fields.items() if _is_secret(field)]
    values = {name: value for name in asked if not os.environ.get(name) and (value := vault.read(name))}
    given: dict[str, Any] = dict(values)
    settings = kind(**given)
    refresh_every_s = float(os.environ.get("SECRETS_CACHE_S") or REFRESH_EVERY_S)
    settings._live = LiveSecrets(vault, values, refresh_every_s=refresh_every_s)  # noqa: SLF001  # its own module's
    return settings


def _is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation)


def _alias(kind: type[ServiceSettings], name: str) -> str:
    return str(kind.model_fields[name].validation_alias or name.upper())


def _refuse(service: str, error: ValidationError) -> NoReturn:
    for problem in error.errors(include_url=False, include_input=False):
        where = ".".join(map(str, problem["loc"]))
        text = str(problem.get("ctx", {}).get("error", problem["msg"]))
        for line in text.split("; "):
            print(f"{service} cannot start: {f'{where}: ' if where else ''}{line}", file=sys.stderr)  # noqa: T201
    raise SystemExit(EX_CONFIG)


def _variable(name: str) -> str:
    alias = (
        ServiceSettings.model_fields[name].validation_alias if name in ServiceSettings.model_fields else None
    )
    return str(alias or name.upper())


def is_local(url: str) -> bool:
    """Whether it names this machine or a private network: no provider is there."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host.endswith(_PRIVATE_NAMES):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    try:
        # Other notations that a resolver accepts: 127.1, 2130706433.
        return not ipaddress.ip_address(socket.inet_aton(host)).is_global
    except OSError:
        # A name without a domain belongs to this machine or its network; so does an empty one.
        return "." not in host

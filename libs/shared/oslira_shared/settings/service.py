"""The settings of every service, and the rule that development defaults work only in development.

Outside development every service refuses to start with a missing provider key, a provider on this machine, or a development
secret, even if it doesn't use it: a deployment that is wrong in one place is wrong. A service that doesn't need a key gets the
word `elsewhere` instead (see docs/decisions): the deployment says that the key exists, and passes it only to services that use it.
"""

from typing import ClassVar, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from oslira_shared.settings.base import ELSEWHERE, variable
from oslira_shared.settings.bus import BusSettings
from oslira_shared.settings.database import DatabaseSettings
from oslira_shared.settings.process import ProcessSettings
from oslira_shared.settings.values import HttpUrl, is_local

_PROVIDER_KEYS: Final = (
    "apify_token",
    "openai_api_key",
    "anthropic_api_key",
    "stripe_secret_key",
    "stripe_webhook_secret",
)
_PROVIDER_URLS: Final = (
    "apify_api_url",
    "openai_base_url",
    "anthropic_base_url",
    "stripe_api_base",
    "ai_gateway_url",
    "jwks_url",
)


class ServiceSettings(ProcessSettings, DatabaseSettings, BusSettings):
    """Of every service. Subclasses add their own and name the provider secrets they use in `uses`."""

    uses: ClassVar[frozenset[str]] = frozenset()
    # The name in logs, traces and Sentry, where a service has several kinds of processes.
    process: ClassVar[str] = ""

    otlp_endpoint: HttpUrl | None = Field(default=None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """OTLP/HTTP address of a collector of traces. Without one no span is kept."""
    rpc_patience_s: float = Field(default=5, ge=0, le=25, validation_alias="OSLIRA_RPC_PATIENCE_S")
    """How long a request to another service waits for a responder, while its only process is replaced."""

    apify_token: SecretStr | None = Field(default=None, validation_alias="APIFY_TOKEN")
    """Apify's token. `elsewhere` for services that don't use it."""
    apify_api_url: HttpUrl = Field(default="https://api.apify.com", validation_alias="APIFY_API_URL")
    """Apify's API."""
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    """OpenAI's key. `elsewhere` for services that don't use it."""
    openai_base_url: HttpUrl = Field(default="https://api.openai.com/v1", validation_alias="OPENAI_BASE_URL")
    """OpenAI's API."""
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias="ANTHROPIC_API_KEY")
    """Anthropic's key. `elsewhere` for services that don't use it."""
    anthropic_base_url: HttpUrl = Field(
        default="https://api.anthropic.com", validation_alias="ANTHROPIC_BASE_URL"
    )
    """Anthropic's API."""
    ai_gateway_url: HttpUrl | None = Field(default=None, validation_alias="AI_GATEWAY_URL")
    """A Cloudflare AI Gateway that requests to models pass through."""
    stripe_secret_key: SecretStr | None = Field(default=None, validation_alias="STRIPE_SECRET_KEY")
    """Stripe's key, of live mode in production alone. `elsewhere` for services that don't use it."""
    stripe_webhook_secret: SecretStr | None = Field(default=None, validation_alias="STRIPE_WEBHOOK_SECRET")
    """The signing secrets of Stripe's webhook; several, separated by commas, during a rotation."""
    stripe_api_base: HttpUrl = Field(default="https://api.stripe.com", validation_alias="STRIPE_API_BASE")
    """Stripe's API."""
    jwt_secret: SecretStr | None = Field(default=None, validation_alias="JWT_SECRET")
    """Key of users' tokens by HS256, at least 32 bytes. This or JWKS_URL."""
    jwks_url: HttpUrl | None = Field(default=None, validation_alias="JWKS_URL")
    """Where the issuer publishes the keys of users' tokens; https outside development."""

    @property
    def process_name(self) -> str:
        """What logs, traces and Sentry call this process."""
        return self.process or self.service

    def _faults(self) -> list[str]:
        faults = super()._faults()
        for name in _PROVIDER_KEYS:
            value = self._secret(name)
            if not value:
                faults.append(f"{_variable(name)} is missing")
            elif value == ELSEWHERE and name in self.uses:
                faults.append(f"{_variable(name)} is used here, so it can't be {ELSEWHERE!r}")
        if not self._secret("jwt_secret") and not self.jwks_url:
            faults.append("JWT_SECRET or JWKS_URL is missing")
        if self.jwks_url and urlsplit(self.jwks_url).scheme != "https" and not is_local(self.jwks_url):
            faults.append("JWKS_URL must be https: its answer decides which tokens are valid")
        for name in _PROVIDER_URLS:
            value = getattr(self, name)
            if value and is_local(value):
                faults.append(f"{_variable(name)} is an address of this machine or a private network")
        return faults + self._development_secrets()


def _variable(name: str) -> str:
    return variable(ServiceSettings, name)

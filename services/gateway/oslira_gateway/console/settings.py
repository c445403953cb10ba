"""What the console reads from its environment. It has no login to the bus or to Postgres."""

from typing import ClassVar, Final
from urllib.parse import urlsplit

from oslira_shared.settings import DEVELOPMENT_MARK, Env, ProcessSettings
from oslira_shared.settings.values import HttpUrl, ListenHost, Port
from pydantic import Field, SecretStr, field_validator

_MIN_SECRET_BYTES: Final = 32
_DEVELOPMENT_SECRET: Final = f"{DEVELOPMENT_MARK}console-sessions-of-this-machine"
_STRIPE: Final = "https://checkout.stripe.com https://billing.stripe.com"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class ConsoleSettings(ProcessSettings):
    """Where the console listens, where the API is, how sessions are sealed, and who signs users in."""

    service: ClassVar[str] = "console"

    http_host: ListenHost = Field(default="0.0.0.0", validation_alias="OSLIRA_HTTP_HOST")  # noqa: S104  # in a pod
    """Address that the public port listens on."""
    http_port: Port = Field(default=8082, validation_alias="OSLIRA_HTTP_PORT")
    """Public port; 0: any free one."""
    api_url: HttpUrl = Field(default="http://127.0.0.1:8080", validation_alias="OSLIRA_API_URL")
    """The gateway's public port, as the console reaches it."""
    app_url: HttpUrl = Field(default="http://localhost:8080", validation_alias="APP_URL")
    """Where Stripe sends users back to, and nowhere else; https outside development."""
    console_secret: SecretStr | None = Field(default=None, validation_alias="CONSOLE_SECRET")
    """Keys that seal session cookies, 32 characters or more, with commas between: the first seals, all open."""
    session_life_s: int = Field(
        default=604_800, ge=300, le=2_592_000, validation_alias="CONSOLE_SESSION_LIFE_S"
    )
    """How long a session lasts after its tokens were refreshed last."""
    supabase_url: HttpUrl | None = Field(default=None, validation_alias="SUPABASE_URL")
    """The project at Supabase that signs users in; required outside development, with https."""
    supabase_anon_key: str = Field(default="", validation_alias="SUPABASE_ANON_KEY")
    """The project's publishable key: it names the project, and gives no rights of its own."""
    jwt_secret: SecretStr | None = Field(default=None, validation_alias="JWT_SECRET")
    """Key of users' tokens by HS256, at least 32 bytes. This or JWKS_URL."""
    form_targets: str = Field(default=_STRIPE, validation_alias="CONSOLE_FORM_TARGETS")
    """Origins that forms may lead to beside the console's, separated by spaces: Stripe's checkout and portal."""
    api_timeout_s: float = Field(default=15.0, gt=0, le=60, validation_alias="CONSOLE_API_TIMEOUT_S")
    """How long the API may be silent."""
    page_timeout_s: float = Field(default=25.0, gt=0, le=60, validation_alias="CONSOLE_PAGE_TIMEOUT_S")
    """How long a page may take, with all that it asks the API."""

    @field_validator("form_targets")
    @classmethod
    def _plain_sources(cls, text: str) -> str:
        if any(mark in text for mark in ";,*'\r\n"):
            raise ValueError("CONSOLE_FORM_TARGETS lists origins, separated by spaces")
        return text

    def _faults(self) -> list[str]:
        faults: list[str] = []
        if self.console_secret is None or not self.sealing_keys:
            faults.append("CONSOLE_SECRET is missing")
        elif any(len(key) < _MIN_SECRET_BYTES for key in self.sealing_keys):
            faults.append(f"CONSOLE_SECRET needs at least {_MIN_SECRET_BYTES} characters in each key")
        if not self.supabase_url:
            faults.append("SUPABASE_URL is missing: without it nobody can sign in")
        elif not self.supabase_url.startswith("https://"):
            faults.append("SUPABASE_URL must be https")
        if not self.supabase_anon_key:
            faults.append("SUPABASE_ANON_KEY is missing: Supabase answers nothing without it")
        if not self.app_url.startswith("https://"):
            faults.append("APP_URL must be https")
        return super()._faults() + faults + self._development_secrets()

    @property
    def sealing_keys(self) -> list[str]:
        """The keys, the one in use first."""
        if self.console_secret is None:
            return [_DEVELOPMENT_SECRET]
        return [key.strip() for key in self.console_secret.get_secret_value().split(",") if key.strip()]

    @property
    def development_secret(self) -> str | None:
        """What signs the tokens of "sign in as". None outside development, whatever is set."""
        if self.env is not Env.DEVELOPMENT or self.jwt_secret is None:
            return None
        return self.jwt_secret.get_secret_value()

    @property
    def has_secure_cookies(self) -> bool:
        """False for http on this machine alone."""
        address = urlsplit(self.app_url)
        return address.scheme == "https" or address.hostname not in _LOOPBACK

    @property
    def passes_streams(self) -> bool:
        """Whether this process passes event streams and pictures on to the API: in development no proxy does that."""
        return self.env is Env.DEVELOPMENT

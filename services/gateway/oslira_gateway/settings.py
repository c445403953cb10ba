"""Settings of the gateway."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, ClassVar, Final, Literal, Self
from urllib.parse import urlsplit

from oslira_shared.settings import is_local
from oslira_shared.settings.values import HttpUrl, ListenHost, Origin, Port
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from oslira_gateway.identity.shares import TrialShares
from oslira_gateway.limits.policies import DEFAULT_POLICIES, Policies, with_overrides
from oslira_gateway.streams.open_streams import StreamLimits
from oslira_gateway.webhooks.settings import WebhookSettings

# HS256 is only as strong as its key: RFC 7518 requires at least the hash's length.
MIN_SECRET_BYTES: Final = 32


class GatewaySettings(WebhookSettings):
    """Settings of the public API: addresses, CORS, tokens, limits."""

    service: ClassVar[str] = "gateway"

    http_host: ListenHost = Field(default="0.0.0.0", validation_alias="OSLIRA_HTTP_HOST")  # noqa: S104  # in a pod
    """Address that the public port listens on."""
    http_port: Port = Field(default=8080, validation_alias="OSLIRA_HTTP_PORT")
    """Public port; 0: any free one."""
    cors_allow_origins: Annotated[tuple[Origin, ...], NoDecode] = Field(
        default=(), validation_alias="CORS_ALLOW_ORIGINS"
    )
    """Origins of pages that may call the API from a browser, separated by commas. No wildcard."""
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), validation_alias="TRUSTED_PROXIES"
    )
    """Networks of our own proxies, separated by commas: a forwarded address is trusted only from these."""
    jwt_issuer: str | None = Field(default=None, validation_alias="JWT_ISSUER")
    """The issuer that users' tokens must name."""
    trials_per_network: int = Field(
        default=10, ge=0, le=1_000_000, validation_alias="OSLIRA_TRIALS_PER_NETWORK"
    )
    """Trials that may begin in a day from one network (IPv4 /24, IPv6 /48)."""
    trials_unchallenged: int = Field(
        default=2, ge=0, le=1_000_000, validation_alias="OSLIRA_TRIALS_UNCHALLENGED"
    )
    """Trials in a day, of one network or mail host, before the next one needs a challenge."""
    trials_per_mail_host: int = Field(
        default=10, ge=0, le=1_000_000, validation_alias="OSLIRA_TRIALS_PER_MAIL_HOST"
    )
    """Trials that may begin in a day at one mail host that is not a public one."""
    ticket_secret: SecretStr | None = Field(default=None, validation_alias="TICKET_SECRET")
    """Key of what the gateway signs itself, at least 32 bytes; JWT_SECRET where it is not set."""
    operator_secret: SecretStr | None = Field(default=None, validation_alias="OPERATOR_SECRET")
    """Key of programs' operator tokens, for the internal port. Without it only users whom the issuer calls operators may."""
    erasure_watch_s: float = Field(default=300, ge=0, le=86_400, validation_alias="OSLIRA_ERASURE_WATCH_S")
    """How long after an erasure work that was in progress may still write; no scrape or model call takes longer."""
    refresh_unchanged_s: float = Field(default=300, ge=0, le=86_400, validation_alias="REFRESH_UNCHANGED_S")
    """A refresh of a profile that was fetched and analysed within this time returns that analysis, free of charge."""
    anonymous_analyses: Literal["on", "off"] = Field(default="on", validation_alias="ANONYMOUS_ANALYSES")
    """Analyses without an account. The gateway and credits read it."""
    anonymous_per_network: int = Field(default=3, ge=0, le=1_000, validation_alias="ANONYMOUS_PER_NETWORK")
    """Anonymous analyses in a day from one network."""
    anonymous_life_s: float = Field(default=3_600, gt=0, le=3_600, validation_alias="ANONYMOUS_LIFE_S")
    """How long an anonymous analysis can be read."""
    challenge_secret: SecretStr | None = Field(default=None, validation_alias="CHALLENGE_SECRET")
    """Cloudflare Turnstile's secret. Required outside development while anonymous analyses are on."""
    challenge_url: HttpUrl = Field(
        default="https://challenges.cloudflare.com/turnstile/v0/siteverify", validation_alias="CHALLENGE_URL"
    )
    """Where a solved challenge is verified."""
    challenge_hostnames: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), validation_alias="CHALLENGE_HOSTNAMES"
    )
    """Hosts where a challenge may have been solved, separated by commas; else those of CORS_ALLOW_ORIGINS, else any."""
    request_timeout_s: float = Field(default=30.0, gt=0, le=30, validation_alias="OSLIRA_REQUEST_TIMEOUT_S")
    """How long one request may take; a stopping process waits as long."""
    rate_limits: str = Field(default="", validation_alias="OSLIRA_RATE_LIMITS")
    """Changes to the table of rate limits: costly.account=600/60, *.address=10000/60."""
    max_streams_per_account: int = Field(
        default=20, ge=1, le=10_000, validation_alias="OSLIRA_MAX_STREAMS_PER_ACCOUNT"
    )
    """Event streams of one account in one process."""
    max_streams_per_user: int = Field(
        default=10, ge=1, le=10_000, validation_alias="OSLIRA_MAX_STREAMS_PER_USER"
    )
    """Event streams of one user in one process."""
    max_streams_per_network: int = Field(
        default=100, ge=1, le=10_000, validation_alias="OSLIRA_MAX_STREAMS_PER_NETWORK"
    )
    """Event streams of one client's network in one process."""
    max_streams: int = Field(default=1_000, ge=1, le=10_000, validation_alias="OSLIRA_MAX_STREAMS")
    """Event streams of one process."""
    stream_life_s: float = Field(default=3_600, ge=1, le=86_400, validation_alias="OSLIRA_STREAM_LIFE_S")
    """How long one event stream lasts; the reader then connects again."""

    @field_validator("cors_allow_origins", "trusted_proxies", "challenge_hostnames", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        )

    @field_validator("cors_allow_origins")
    @classmethod
    def _plain_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if any("*" in origin for origin in origins):
            raise ValueError("CORS_ALLOW_ORIGINS lists origins one by one; a wildcard would let any page in")
        return origins

    @field_validator("trusted_proxies")
    @classmethod
    def _not_everybody(
        cls, networks: tuple[IPv4Network | IPv6Network, ...]
    ) -> tuple[IPv4Network | IPv6Network, ...]:
        if any(network.prefixlen == 0 for network in networks):
            raise ValueError("TRUSTED_PROXIES lists our own proxies; the whole internet is not among them")
        return networks

    @field_validator("rate_limits")
    @classmethod
    def _readable(cls, text: str) -> str:
        with_overrides(DEFAULT_POLICIES, text)
        return text

    @property
    def rate_policies(self) -> Policies:
        """The table of rate limits with this deployment's changes."""
        return with_overrides(DEFAULT_POLICIES, self.rate_limits)

    @property
    def trial_shares(self) -> TrialShares:
        """The limits of trials on a day. Without CHALLENGE_SECRET there is no challenge."""
        return TrialShares(
            per_network=self.trials_per_network,
            per_mail_host=self.trials_per_mail_host,
            unchallenged=self.trials_unchallenged,
            has_challenge=bool(self.challenge_secret and self.challenge_secret.get_secret_value()),
        )

    @property
    def solved_at(self) -> frozenset[str]:
        """Host names of the pages that show the challenge; empty: not checked."""
        hosts = (urlsplit(origin).hostname for origin in self.cors_allow_origins)
        return frozenset(self.challenge_hostnames or [host for host in hosts if host])

    @property
    def stream_limits(self) -> StreamLimits:
        """The limits of event streams: number and duration."""
        return StreamLimits(
            per_account=self.max_streams_per_account,
            per_user=self.max_streams_per_user,
            per_network=self.max_streams_per_network,
            in_all=self.max_streams,
            life_s=self.stream_life_s,
        )

    def _faults(self) -> list[str]:
        faults = super()._faults()
        if self.anonymous_analyses == "on":
            if not self.challenge_secret or not self.challenge_secret.get_secret_value():
                faults.append("CHALLENGE_SECRET is missing (or set ANONYMOUS_ANALYSES=off)")
            if is_local(self.challenge_url):
                faults.append("CHALLENGE_URL is an address of this machine or a private network")
        return faults

    @model_validator(mode="after")
    def _can_check_tokens(self) -> Self:
        if not self.jwt_secret and not self.jwks_url:
            raise ValueError("JWT_SECRET or JWKS_URL is missing: tokens can't be checked")
        if not self.jwt_secret and not self.ticket_secret:
            raise ValueError(
                "TICKET_SECRET is missing: without JWT_SECRET there is no key for what the gateway signs itself"
            )
        for name, secret in (
            ("JWT_SECRET", self.jwt_secret),
            ("TICKET_SECRET", self.ticket_secret),
            ("OPERATOR_SECRET", self.operator_secret),
        ):
            if secret and len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
                raise ValueError(f"{name} needs at least {MIN_SECRET_BYTES} bytes")
        if self.operator_secret and self.operator_secret in (self.jwt_secret, self.ticket_secret):
            raise ValueError(
                "OPERATOR_SECRET must be a secret of its own: who signs users' tokens is no operator"
            )
        return self

    @property
    def token_secret(self) -> str:
        """The secret from which the gateway derives its keys for signatures and hashes, event tickets first.

        TICKET_SECRET, else JWT_SECRET: if tokens are verified by JWKS only, there is no shared secret.
        """
        secret = self.ticket_secret or self.jwt_secret
        return secret.get_secret_value() if secret else ""

"""Environments that can't work, one wrong thing each, and the setting that the refusal must name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from oslira_devstack.servers import certificates
from oslira_shared.bus.nkeys import new_seed

# Part of every secret below: no refusal may repeat it.
SECRET: Final = "hunter2"
_DATABASE: Final = f"postgres://me:{SECRET}@db.example:5432/oslira"
_KEYS: Final = ("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "STRIPE_WEBHOOK_SECRET")
_LONG: Final = f"{SECRET} and more until there are thirty-two bytes"

PRODUCTION: Final[Mapping[str, str]] = {
    "OSLIRA_ENV": "production",
    "NATS_URL": "tls://nats.example:4222",
    "NATS_NKEY_SEED": new_seed(),
    "DATABASE_URL": f"{_DATABASE}?sslmode=verify-full",
    **dict.fromkeys(_KEYS, f"{SECRET}-key"),
    "STRIPE_SECRET_KEY": f"sk_live_{SECRET}",
    "JWT_SECRET": f"users: {_LONG}",
    "WEBHOOK_SECRETS_KEY": f"webhooks: {_LONG}",
    "CHALLENGE_SECRET": f"{SECRET}-challenge",
    "S3_BUCKET": "oslira",
    "AWS_REGION": "eu-central-1",
    "APP_URL": "https://app.example",
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """`program`: a service, `webhooks`, `provision` or `tick`. `named`: what the one line begins with."""

    program: str
    named: str
    changes: Mapping[str, str]

    def environment(self) -> dict[str, str]:
        """PRODUCTION with this mistake; an empty value is none."""
        return {name: value for name, value in {**PRODUCTION, **self.changes}.items() if value}


def wrong_settings(directory: Path) -> dict[str, Wrong]:
    """By a name for each. `directory` gets the files that some of them name."""
    made = certificates.load_or_make(directory / "one")
    other = certificates.load_or_make(directory / "other")
    (directory / "text").write_text("not a certificate")
    ca, absent = str(made.ca_file), str(directory / "absent")
    return {
        **_database(ca=ca, leaf=str(made.cert_file), absent=absent, text=str(directory / "text")),
        **_bus(ca=ca, leaf=str(made.cert_file), other_key=str(other.key_file), absent=absent),
        **_process(absent),
        **_stores(),
        **_business(),
        **_commands(absent),
    }


def _url(**options: str) -> str:
    return f"{_DATABASE}?" + "&".join(f"{name}={value}" for name, value in options.items())


def _database(*, ca: str, leaf: str, absent: str, text: str) -> dict[str, Wrong]:
    def wrong(**changes: str) -> Wrong:
        return Wrong("credits", next(iter(changes)), changes)

    verified = _url(sslmode="verify-full")
    return {
        "database: other scheme": wrong(DATABASE_URL=f"mysql://me:{SECRET}@db.example/oslira"),
        "database: unknown sslmode": wrong(DATABASE_URL=_url(sslmode="on")),
        "database: no TLS": wrong(DATABASE_URL=_DATABASE),
        "database: TLS switched off": wrong(DATABASE_URL=_url(sslmode="disable")),
        "database: TLS only if offered": wrong(DATABASE_URL=_url(sslmode="prefer")),
        "database: unknown option": wrong(DATABASE_URL=_url(sslmode="require", connection_limit="1")),
        "database: another client's option": wrong(DATABASE_URL=_url(sslmode="require", pgbouncer="true")),
        "database: unknown TLS version": wrong(
            DATABASE_URL=_url(sslmode="require", ssl_min_protocol_version="1.2")
        ),
        "database: option twice": wrong(DATABASE_URL=f"{verified}&sslmode=disable"),
        "database: port is no number": wrong(DATABASE_URL=f"postgres://me:{SECRET}@db.example:pg/oslira"),
        "database: password not encoded": wrong(DATABASE_URL=f"postgres://me:{SECRET}#x@db.example/oslira"),
        "database: no name": wrong(DATABASE_URL=f"postgres://me:{SECRET}@db.example?sslmode=require"),
        "database: no address": wrong(DATABASE_URL=""),
        "database: root certificate absent": wrong(DATABASE_URL=f"{verified}&sslrootcert={absent}"),
        "database: key without certificate": wrong(DATABASE_URL=f"{verified}&sslkey={absent}"),
        "database: authorities absent": wrong(DATABASE_CA_FILE=absent),
        "database: authorities are text": wrong(DATABASE_CA_FILE=text),
        "database: certificate of a server": wrong(DATABASE_CA_FILE=leaf),
        "database: authorities unused": wrong(DATABASE_URL=_url(sslmode="require"), DATABASE_CA_FILE=ca),
        "database: authorities twice": wrong(
            DATABASE_URL=f"{verified}&sslrootcert={ca}", DATABASE_CA_FILE=ca
        ),
        "database: pool of none": wrong(DATABASE_POOL_SIZE="0"),
        "database: pool of a word": wrong(DATABASE_POOL_SIZE="ten"),
        "database: pooled perhaps": wrong(DATABASE_POOLED="perhaps"),
    }


def _bus(*, ca: str, leaf: str, other_key: str, absent: str) -> dict[str, Wrong]:
    def wrong(**changes: str) -> Wrong:
        return Wrong("scheduler", next(iter(changes)), changes)

    plain = {"NATS_URL": "nats://nats.example", "NATS_ALLOW_PLAINTEXT": "true"}
    return {
        "bus: other scheme": wrong(NATS_URL=f"https://me:{SECRET}@nats.example"),
        "bus: no TLS": wrong(NATS_URL="nats://nats.example:4222"),
        "bus: port is no number": wrong(NATS_URL=f"tls://me:{SECRET}@nats.example:bus"),
        "bus: two servers": wrong(NATS_URL="tls://one.example,tls://two.example"),
        "bus: no host": wrong(NATS_URL="tls://:4222"),
        "bus: authorities absent": wrong(NATS_CA_FILE=absent),
        "bus: a key as authorities": wrong(NATS_CA_FILE=other_key),
        "bus: authorities without TLS": wrong(NATS_CA_FILE=ca, **plain),
        "bus: another certificate's key": wrong(NATS_CERT_FILE=leaf, NATS_KEY_FILE=other_key),
        "bus: key without certificate": wrong(NATS_KEY_FILE=other_key),
        "bus: seed mistyped": wrong(NATS_NKEY_SEED=f"SU{SECRET}"),
        "bus: no seed": wrong(NATS_NKEY_SEED=""),
        "bus: nine copies": wrong(NATS_STREAM_REPLICAS="9"),
    }


def _process(absent: str) -> dict[str, Wrong]:
    def wrong(**changes: str) -> Wrong:
        return Wrong("gateway", next(iter(changes)), changes)

    return {
        "environment unknown": wrong(OSLIRA_ENV="prod"),
        "log level unknown": wrong(OSLIRA_LOG_LEVEL="LOUD"),
        "port too high": wrong(OSLIRA_INTERNAL_PORT="70000"),
        "port is a word": wrong(OSLIRA_HTTP_PORT="http"),
        "one port twice": wrong(OSLIRA_HTTP_PORT="9090"),
        "host is none": wrong(OSLIRA_INTERNAL_HOST="999.0.0.1"),
        "delay is no number": wrong(OSLIRA_DRAIN_DELAY_S="nan"),
        "sentry's address": wrong(SENTRY_DSN=f"https://errors.example/{SECRET}"),
        "collector without scheme": wrong(OTEL_EXPORTER_OTLP_ENDPOINT="collector:4318"),
        "secrets from elsewhere": wrong(SECRETS_PROVIDER="vault"),
        "secrets' folder absent": wrong(SECRETS_DIR=absent),
        "secrets' time is a word": wrong(SECRETS_CACHE_S="soon"),
        "secrets in no region": wrong(AWS_REGION="", SECRETS_PROVIDER="aws"),
    }


def _stores() -> dict[str, Wrong]:
    def wrong(**changes: str) -> Wrong:
        return Wrong("analysis", next(iter(changes)), changes)

    return {
        "region is a city": wrong(AWS_REGION="Frankfurt"),
        "region missing": wrong(AWS_REGION=""),
        "bucket's name": wrong(S3_BUCKET="My_Bucket"),
        "bucket's endpoint without scheme": wrong(S3_ENDPOINT_URL="s3.example.com"),
        "half a pair of keys": wrong(AWS_SECRET_ACCESS_KEY="", AWS_ACCESS_KEY_ID="AKIA"),
        "model's address": wrong(OPENAI_BASE_URL="ftp://models.example"),
        "model's time": wrong(MODEL_TIMEOUT_S="inf"),
        "table of models": wrong(MODEL_TABLE="{"),
        "gateway's token alone": wrong(AI_GATEWAY_TOKEN=SECRET),
        "bulk waits less": wrong(SNOOZE_BULK_S="60"),
    }


def _business() -> dict[str, Wrong]:
    def of(program: str, **changes: str) -> Wrong:
        return Wrong(program, next(iter(changes)), changes)

    return {
        "prices are no JSON": of("billing", STRIPE_PRICES="price_1=pro"),
        "price of an unknown plan": of("billing", STRIPE_PRICES='{"price_1": {"plan": "gold"}}'),
        "key of the other mode": of("billing", STRIPE_SECRET_KEY=f"sk_test_{SECRET}"),
        "secret with a line break": of("billing", STRIPE_WEBHOOK_SECRET=f"whsec_{SECRET}\n"),
        "application without https": of("billing", APP_URL="http://app.example"),
        "any origin": of("gateway", CORS_ALLOW_ORIGINS="*"),
        "origin with a path": of("gateway", CORS_ALLOW_ORIGINS="https://app.example/login"),
        "proxy by name": of("gateway", TRUSTED_PROXIES="the-proxy"),
        "token secret too short": of("gateway", JWT_SECRET=SECRET),
        "operators' secret is the users'": of("gateway", OPERATOR_SECRET=f"users: {_LONG}"),
        "rate limit": of("gateway", OSLIRA_RATE_LIMITS="fast"),
        "sealing key too short": of("webhooks", WEBHOOK_SECRETS_KEY=SECRET),
        "visitors maybe": of("credits", ANONYMOUS_ANALYSES="maybe"),
        "hold of no time": of("credits", OSLIRA_HOLD_LIFE_S="0"),
    }


def _commands(absent: str) -> dict[str, Wrong]:
    admin = f"postgres://oslira_migrator:{SECRET}@db.example/oslira"

    def of(program: str, **changes: str) -> Wrong:
        return Wrong(program, next(iter(changes)), changes)

    return {
        "provision: no TLS": of("provision", DATABASE_ADMIN_URL=admin),
        "provision: scheme": of("provision", DATABASE_ADMIN_URL=f"mysql://me:{SECRET}@db.example/oslira"),
        "provision: sslmode": of("provision", DATABASE_ADMIN_URL=f"{admin}?sslmode=allow"),
        "provision: authorities": of("provision", DATABASE_CA_FILE=absent),
        "provision: copies": of("provision", NATS_STREAM_REPLICAS="three"),
        "provision: password": of("provision", CREDITS_SERVICE_PASSWORD=f" {SECRET}"),
        "tick: no bus": of("tick", NATS_URL=""),
        "tick: no TLS": of("tick", NATS_URL="nats://nats.example"),
    }

"""Secrets Manager, by moto's server: cached, rotated without a restart, and served from the cache while it is unavailable."""

import asyncio
import time
from collections.abc import Generator
from typing import Any

import asyncpg
import boto3
import pytest
from moto.server import ThreadedMotoServer
from oslira_credits.settings import CreditsSettings
from oslira_devstack.databases import Database
from oslira_devstack.ports import free_port
from oslira_shared.bus.nkeys import new_seed
from oslira_shared.postgres.clients import open_pool
from oslira_shared.secrets import LiveSecrets
from oslira_shared.secrets.aws import AwsVault
from oslira_shared.secrets.live import SecretsUnavailable
from oslira_shared.settings import load_settings


class Store:
    """The server, and an administrator's hand in it. It keeps what it holds over a stop."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def put(self, variable: str, value: str) -> None:
        # A session of its own: the default one would keep these keys for every later test of this process.
        client: Any = boto3.Session().client("secretsmanager")
        name = f"oslira/{variable}"
        try:
            client.create_secret(Name=name, SecretString=value)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=name, SecretString=value)
        finally:
            client.close()


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Generator[Store]:
    made = Store()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://127.0.0.1:{made.port}",
    }.items():
        monkeypatch.setenv(name, value)
    made.start()
    yield made
    made.stop()


async def test_a_secret_is_cached_then_rotated_and_survives_an_outage(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.to_thread(store.put, "JWT_SECRET", "first-value")
    vault = AwsVault(region="eu-central-1")
    assert vault.read("JWT_SECRET") == "first-value"
    assert vault.read("NEVER_MADE") is None
    live = LiveSecrets(vault, {"JWT_SECRET": "first-value"})

    await asyncio.to_thread(store.put, "JWT_SECRET", "second-value")
    assert live.get("JWT_SECRET") == "first-value"  # stored until the next refresh
    await live.refresh()
    assert live.get("JWT_SECRET") == "second-value"

    store.stop()
    await live.refresh()
    assert live.get("JWT_SECRET") == "second-value"
    with pytest.raises(SecretsUnavailable, match="OPENAI_API_KEY: EndpointConnectionError"):
        vault.read("OPENAI_API_KEY")
    store.start()
    said = "".join(capsys.readouterr())
    assert "secret_rotated" in said
    assert "-value" not in said
    assert live.refresh_every_s == 300


_SECRETS = {
    **dict.fromkeys(("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "STRIPE_SECRET_KEY"), "elsewhere"),
    "STRIPE_WEBHOOK_SECRET": "elsewhere",
    "JWT_SECRET": "a real secret that has more than thirty-two bytes",
    "NATS_URL": "tls://nats.example",
    "NATS_NKEY_SEED": new_seed(),
}


def test_a_service_starts_with_what_the_store_gives_it_and_names_what_it_doesnt(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (*_SECRETS, "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OSLIRA_ENV", "production")
    monkeypatch.setenv("SECRETS_PROVIDER", "aws")
    for name, value in _SECRETS.items():
        store.put(name, value)
    with pytest.raises(SystemExit) as refused:
        load_settings(CreditsSettings)
    assert refused.value.code == 78
    assert capsys.readouterr().err == "credits cannot start: DATABASE_URL: Field required\n"

    store.put("DATABASE_URL", "postgres://credits_service:pw@db.example/oslira?sslmode=verify-full")
    settings = load_settings(CreditsSettings)
    assert settings.secret("jwt_secret")() == _SECRETS["JWT_SECRET"]
    assert settings.live_secrets.may_change
    assert "pw@db" not in repr(settings)

    store.stop()
    with pytest.raises(SystemExit) as unreachable:
        load_settings(CreditsSettings)
    assert unreachable.value.code == 75
    assert "its secrets can't be read: " in capsys.readouterr().err
    store.start()


async def test_a_new_connection_takes_the_password_of_now(database: Database) -> None:
    """As after a rotation: the pool's next connection logs in with the new one."""
    administrator = await asyncpg.connect(database.admin_url)
    await administrator.execute("create role rotated login password 'before'")
    await administrator.execute(f'grant connect on database "{database.name}" to rotated')
    address = database.admin_url.split("@")[1]
    urls = [f"postgres://rotated:before@{address}"]
    pool = await open_pool(urls[0], service="test", min_size=1, current_url=lambda: urls[-1])
    try:
        assert await pool.fetchval("select session_user") == "rotated"
        await administrator.execute("alter role rotated password 'after%'")
        urls.append(f"postgres://rotated:after%25@{address}")
        await pool.expire_connections()
        started = time.monotonic()
        assert await pool.fetchval("select 1") == 1
        assert time.monotonic() - started < 5
    finally:
        await pool.close()
        await administrator.execute(f'revoke connect on database "{database.name}" from rotated')
        await administrator.execute("drop role rotated")
        await administrator.close()

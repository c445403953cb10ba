"""Secrets Manager, by moto's server: cached, rotated without a restart, and served from the cache while it is unavailable."""

import asyncio
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import boto3
import pytest
from moto.server import ThreadedMotoServer
from oslira_analysis.settings import AnalysisSettings
from oslira_credits.settings import CreditsSettings
from oslira_devstack.databases import Database
from oslira_devstack.ports import free_port
from oslira_scheduler.settings import TickSettings
from oslira_shared.bus.nkeys import new_seed
from oslira_shared.postgres.clients import open_pool
from oslira_shared.secrets import LiveSecrets
from oslira_shared.secrets.aws import AwsVault
from oslira_shared.secrets.directory import SecretsDirectory
from oslira_shared.secrets.live import SecretsUnavailable
from oslira_shared.settings import load_settings
from oslira_shared.settings.base import is_secret, variable
from oslira_shared.settings.provision import ProvisionSettings
from wrong_settings import PRODUCTION


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
        self.put_all({variable: value})

    def put_all(self, values: Mapping[str, str]) -> None:
        # A session of its own: the default one would keep these keys for every later test of this process.
        client: Any = boto3.Session().client("secretsmanager", region_name="eu-central-1")
        for suffix, value in values.items():
            name = f"oslira/{suffix}"
            try:  # the only way to learn that it exists
                client.create_secret(Name=name, SecretString=value)
            except client.exceptions.ResourceExistsException:
                client.put_secret_value(SecretId=name, SecretString=value)
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


async def test_a_rotated_value_that_no_start_would_accept_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "postgres://credits_service:first@db.example/oslira?sslmode=verify-full"
    values = {**_SECRETS, "DATABASE_URL": url}
    for name, value in values.items():
        monkeypatch.delenv(name, raising=False)
        (tmp_path / name).write_text(value)
    monkeypatch.setenv("OSLIRA_ENV", "production")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    settings = load_settings(CreditsSettings)
    for wrong in (
        url.replace("first", "p[ss"),
        url.replace("first", "p#ss"),
        url.replace("postgres:", "mysql:"),
    ):
        (tmp_path / "DATABASE_URL").write_text(wrong)
        await settings.live_secrets.refresh()
        assert settings.secret("database_url")() == url
    assert "secret_not_refreshed" in "".join(capsys.readouterr())

    (tmp_path / "DATABASE_URL").write_text(url.replace("first", "second"))
    await settings.live_secrets.refresh()
    assert settings.secret("database_url")() == url.replace("first", "second")


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


def test_every_program_starts_with_its_own_part_of_the_store_and_a_region_that_only_our_variable_names(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As overlays/production-aws runs them: what the deployment calls `elsewhere` may be in a program's own part."""
    for name in (*PRODUCTION, "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    programs = (AnalysisSettings, TickSettings, ProvisionSettings)
    for kind in programs:
        secrets = {variable(kind, name) for name, field in kind.model_fields.items() if is_secret(field)}
        store.put_all({f"{kind.service}/{name}": PRODUCTION[name] for name in secrets & PRODUCTION.keys()})
        for name, value in PRODUCTION.items():
            if name not in secrets:
                monkeypatch.setenv(name, value)
    for name in (
        "APIFY_TOKEN",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
    ):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("SECRETS_PROVIDER", "aws")
    for kind in programs:
        monkeypatch.setenv("SECRETS_PREFIX", f"oslira/{kind.service}/")
        settings = load_settings(kind)
        assert settings.secret("nats_nkey_seed")() == PRODUCTION["NATS_NKEY_SEED"]
        if isinstance(settings, AnalysisSettings):
            assert settings.secret("apify_token")() == PRODUCTION["APIFY_TOKEN"]
            assert settings.bucket_access.region == "eu-central-1"


def test_credentials_that_aws_does_not_know_are_a_wrong_setting(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRETS_PROVIDER", "aws")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as ended:
        load_settings(CreditsSettings)
    assert ended.value.code == 78
    assert capsys.readouterr().err == (
        "credits cannot start: SECRETS_PROVIDER=aws: there are no credentials for AWS: give the process a role or keys\n"
    )


async def test_a_secret_in_a_folder_is_read_again(tmp_path: Path) -> None:
    """As Kubernetes replaces the files of a mounted Secret."""
    (tmp_path / "DATABASE_URL").write_text("first\n")
    live = LiveSecrets(SecretsDirectory(tmp_path), {"DATABASE_URL": "first"})
    (tmp_path / "DATABASE_URL").write_text("second\n")
    await live.refresh_one("DATABASE_URL")
    assert live.get("DATABASE_URL") == "second"
    (tmp_path / "DATABASE_URL").unlink()
    await live.refresh()
    assert live.get("DATABASE_URL") == "second"


async def test_a_rejected_password_is_replaced_by_the_next_one_and_the_old_one_may_come_back(
    database: Database,
) -> None:
    administrator = await asyncpg.connect(database.admin_url)
    await administrator.execute("create role rotated_next login password 'before'")
    await administrator.execute(f'grant connect on database "{database.name}" to rotated_next')
    address = database.admin_url.split("@")[1]

    async def others() -> list[str]:
        return ["wrong", "after"]

    pool = await open_pool(
        f"postgres://rotated_next:before@{address}", service="test", min_size=1, other_passwords=others
    )
    try:
        for password in ("after", "before", "after"):
            await administrator.execute(f"alter role rotated_next password '{password}'")
            await pool.expire_connections()
            assert await pool.fetchval("select 1") == 1
        await administrator.execute("alter role rotated_next password 'unknown'")
        await pool.expire_connections()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await pool.fetchval("select 1")
    finally:
        await pool.close()
        await administrator.execute(f'revoke connect on database "{database.name}" from rotated_next')
        await administrator.execute("drop role rotated_next")
        await administrator.close()


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

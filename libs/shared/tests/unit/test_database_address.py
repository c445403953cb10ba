"""A wrong DATABASE_URL ends the start with one line that names the wrong part and repeats nothing of the address."""

import pytest
from oslira_credits.settings import CreditsSettings
from oslira_shared.postgres.address import database_url_fault
from oslira_shared.settings import load_settings

SECRET = "hunter2"
PASSWORD = "user or password have characters that must be percent-encoded"


@pytest.mark.parametrize(
    "url",
    [
        "postgres://me:hunter2@db.example:5432/oslira",
        "postgresql://me:hunter2@db.example/oslira?sslmode=require",
        "postgresql://me:p%40ss%2Fw%23rd%3F%25@db.example:6543/oslira?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgres://me@db.example/oslira",
        "postgres://127.0.0.1:1/nothing",
        "postgres://me:x@[::1]:5432/oslira",
        "postgres://me:x@one:5432,two:5433/oslira?target_session_attrs=primary",
        "postgres:///oslira?host=/var/run/postgresql",
        "postgres://me:a$b!c&d=e+f@db.example/oslira",
        "postgres://me:x@db.example/oslira?application_name=a%40b",
    ],
)
def test_an_address_that_can_be_tried_is_taken(url: str) -> None:
    assert database_url_fault(url) is None


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("mysql://me:hunter2@db/oslira", "its scheme has to be postgres:// or postgresql://"),
        ("postgresql+asyncpg://me:hunter2@db/oslira", "its scheme has to be"),
        ("me:hunter2@db/oslira", "its scheme has to be"),
        ("prisma+postgres://me:hunter2@db/oslira", "its scheme has to be"),
        (" postgres://me:hunter2@db/oslira", "its scheme has to be"),
        ("postgres://me:hunter2@db/oslira\n", "it has white space around it"),
        ("postgres://me:hunter2@x@db/oslira", PASSWORD),
        ("postgres://me:hunter2/x@db/oslira", PASSWORD),
        ("postgres://me:hunter2#x@db/oslira", PASSWORD),
        ("postgres://me:hunter2?x@db/oslira", PASSWORD),
        ("postgres://me:hunter2:x@db/oslira", PASSWORD),
        ("postgres://me:hunter2%x@db/oslira", PASSWORD),
        ("postgres://me:hunter2[x@db/oslira", PASSWORD),
        ("postgres://me:hunter2@db:port/oslira", "its port has to be a number"),
        ("postgres://me:hunter2@db:0/oslira", "its port has to be a number"),
        ("postgres://me:hunter2@db:65536/oslira", "its port has to be a number"),
        ("postgres://me:hunter2@db/oslira?pgbouncer=true", "set DATABASE_POOLED=true instead"),
        ("postgres://me:hunter2@db/oslira?connection_limit=1", "the option connection_limit is not one of"),
        ("postgres://me:hunter2@db/oslira?schema=public", "the option schema is not one of"),
        ("postgres://me:hunter2@db/oslira?hunter2", "what follows ? has to be name=value pairs"),
        ("postgres://me:hunter2@db/oslira?sslmode=", "the option sslmode has no value"),
        ("postgres://me:hunter2@db/oslira?sslmode=on", "the option sslmode has to be one of"),
        ("postgres://me:hunter2@db/oslira?ssl_min_protocol_version=1.3", "has to be one of TLSv1.2, TLSv1.3"),
        (
            "postgres://me:hunter2@db/oslira?target_session_attrs=master",
            "the option target_session_attrs has to be",
        ),
        (
            "postgres://me:hunter2@db/oslira?sslmode=require&sslmode=disable",
            "the option sslmode is there twice",
        ),
        ("postgres://me:hunter2@db/oslira?port=hunter2", "the option port has to be a number"),
        ("postgres://me:hunter2@db", "the name of its database is missing"),
        ("postgres:///oslira", "its host is missing"),
        ("postgres://me@db/oslira?%00hunter2=1", "the option is not one of"),
    ],
)
def test_a_wrong_address_is_named_by_its_wrong_part(
    url: str, fault: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = database_url_fault(url)
    assert said is not None
    assert fault in said
    if "\n" in url or url != url.strip():
        return
    monkeypatch.setenv("OSLIRA_ENV", "development")
    monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SystemExit) as ended:
        load_settings(CreditsSettings)
    assert ended.value.code == 78
    [line] = capsys.readouterr().err.splitlines()
    assert line == f"credits cannot start: DATABASE_URL: {said}"
    assert SECRET not in line

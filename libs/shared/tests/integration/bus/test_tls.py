"""A `tls://` URL is never spoken in the clear, and only to a server that our own authority vouches for."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from oslira_devstack.child import Child
from oslira_devstack.credentials import Credentials
from oslira_devstack.ports import free_port
from oslira_devstack.readiness import wait_ready
from oslira_devstack.servers.binaries import server_environment, wheel_binary
from oslira_devstack.servers.contract import Nats
from oslira_devstack.servers.nats import nats_config, nats_greets
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.login import Login


@dataclass(frozen=True, slots=True)
class TlsNats:
    url: str
    certificate: Path


def _certificate(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "oslira test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = directory / "server.pem", directory / "server.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private


@pytest_asyncio.fixture
async def tls_nats(tmp_path: Path, credentials: Credentials) -> AsyncGenerator[TlsNats]:
    certificate, key = _certificate(tmp_path)
    port = free_port()
    config = json.loads(
        nats_config(credentials, listen=f"127.0.0.1:{port}", store=str(tmp_path / "jetstream"))
    )
    config["tls"] = {"cert_file": str(certificate), "key_file": str(key)}
    (tmp_path / "nats.conf").write_text(json.dumps(config))
    command = [wheel_binary("nats-server"), "-c", str(tmp_path / "nats.conf")]
    child = Child("nats-tls", command, server_environment(), tmp_path / "nats.log")
    child.start()
    try:
        await wait_ready(child, lambda: nats_greets(port))
        yield TlsNats(f"tls://127.0.0.1:{port}", certificate)
    finally:
        await child.kill()


async def test_a_service_logs_in_over_tls_to_a_server_it_trusts(
    tls_nats: TlsNats, credentials: Credentials
) -> None:
    login = Login(credentials.nkeys["credits"], ca_file=tls_nats.certificate)
    bus = Bus(tls_nats.url, service="credits", login=login)
    await bus.start()
    async with asyncio.timeout(5):
        while not bus.is_connected:  # the client has no event for it
            await asyncio.sleep(0.02)
    assert bus.state() == "ok"
    await bus.stop()


async def test_a_tls_url_is_never_spoken_in_the_clear(nats_server: Nats, credentials: Credentials) -> None:
    refusals = asyncio.Queue[str]()
    url = nats_server.address.replace("nats://", "tls://")
    bus = Bus(url, service="credits", login=Login(credentials.nkeys["credits"]), on_refused=refusals.put)
    await bus.start()
    async with asyncio.timeout(5):
        assert await refusals.get() == "the bus URL is tls://, and the server offers no TLS"
    await bus.stop()


def test_a_server_with_an_unknown_certificate_is_not_trusted(tls_nats: TlsNats) -> None:
    context = Login().for_client(tls_nats.url)["tls"]
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    with pytest.raises(FileNotFoundError):
        Login(ca_file=Path("/nowhere.pem")).for_client(tls_nats.url)

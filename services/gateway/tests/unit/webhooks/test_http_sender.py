"""Where a delivery really goes: to addresses that were judged, under the name's certificate, and nowhere else."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from oslira_gateway.webhooks.address import AddressPolicy
from oslira_gateway.webhooks.answer import Answer, DeliveryProblem
from oslira_gateway.webhooks.http_sender import HttpSender, SystemResolver
from receiver import receiving

LOOPBACK = AddressPolicy(allows_loopback=True)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Names:
    """Leads every name to these addresses, one list after the other; remembers how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        assert host.endswith("example")
        assert port > 0
        self.asked += 1
        found = self.answers[min(self.asked, len(self.answers)) - 1]
        if not found:
            raise OSError("no such name")
        return found


async def post(
    url: str,
    names: Names,
    *,
    policy: AddressPolicy = LOOPBACK,
    tls: ssl.SSLContext | None = None,
    total_s: float = 5.0,
) -> Answer:
    sender = HttpSender(policy, names, tls=tls, total_s=total_s, now=lambda: NOW)
    try:
        return await sender.post(url, {"webhook-id": "1"}, '{"a":1}')
    finally:
        await sender.close()


async def test_a_request_is_posted_as_it_is_to_the_name_it_is_for() -> None:
    async with receiving() as receiver:
        answer = await post(f"http://hooks.example:{receiver.port}/a/b?c=%20d", Names(["127.0.0.1"]))
        [got] = receiver.received
    assert answer == Answer(200)
    assert (got.target, got.body) == ("/a/b?c=%20d", '{"a":1}')
    assert got.headers["host"] == f"hooks.example:{receiver.port}"
    assert got.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "169.254.169.254",
        "10.0.0.1",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "fd00::1",
        "fe80::1%eth0",
        "0.0.0.0",  # noqa: S104
    ],
)
async def test_a_name_with_an_internal_address_is_rejected_with_a_reason(address: str) -> None:
    names = Names([address])
    answer = await post("https://hooks.example/", names, policy=AddressPolicy())
    assert (answer, names.asked) == (Answer(problem=DeliveryProblem.ADDRESS), 1)


async def test_a_name_is_asked_once_a_try_so_a_second_answer_gains_nothing() -> None:
    async with receiving() as receiver:
        url = f"http://hooks.example:{receiver.port}/"
        names = Names(["127.0.0.1"], ["169.254.169.254"])
        assert await post(url, names) == Answer(200)
        assert names.asked == 1
        # The next try sees that the name leads elsewhere now.
        assert await post(url, names) == Answer(problem=DeliveryProblem.ADDRESS)
        assert len(receiver.received) == 1


async def test_of_several_addresses_only_allowed_ones_are_tried() -> None:
    async with receiving() as receiver:
        url = f"http://hooks.example:{receiver.port}/"
        assert await post(url, Names(["10.0.0.1", "127.0.0.1"])) == Answer(200)
        # Nobody listens at the first, so the next is tried.
        assert await post(url, Names(["::1", "127.0.0.1"])) == Answer(200)


@pytest.mark.parametrize("target", ["http://169.254.169.254/", "http://127.0.0.1:1/", "/elsewhere"])
async def test_a_redirect_is_not_followed(target: str) -> None:
    async with receiving(answer=lambda _: f"302 Found\r\nLocation: {target}") as receiver:
        answer = await post(f"http://hooks.example:{receiver.port}/", Names(["127.0.0.1"]))
        assert answer == Answer(302, DeliveryProblem.REDIRECT)
        assert len(receiver.received) == 1


async def test_a_cookie_is_not_kept() -> None:
    async with receiving(answer=lambda _: "200 OK\r\nSet-Cookie: a=b; Path=/") as receiver:
        sender = HttpSender(LOOPBACK, Names(["127.0.0.1"]))
        for _ in range(2):
            await sender.post(f"http://hooks.example:{receiver.port}/", {}, "{}")
        await sender.close()
        assert [("cookie" in got.headers) for got in receiver.received] == [False, False]


@pytest.mark.parametrize(
    ("status_line", "expected"),
    [
        ("503 No\r\nRetry-After: 90", Answer(503, DeliveryProblem.STATUS, 90.0)),
        ("429 No\r\nRetry-After: Sun, 22 Nov 2026 12:02:00 GMT", Answer(429, DeliveryProblem.STATUS, 120.0)),
        ("410 Gone", Answer(410, DeliveryProblem.GONE)),
        ("204 No Content", Answer(204)),
        ("nonsense", Answer(problem=DeliveryProblem.CONNECTION)),
    ],
)
async def test_answers(status_line: str, expected: Answer) -> None:
    async with receiving(answer=lambda _: status_line) as receiver:
        assert await post(f"http://hooks.example:{receiver.port}/", Names(["127.0.0.1"])) == expected


async def test_who_does_not_answer_in_time_has_not_got_it() -> None:
    async with receiving(delay_s=5) as receiver:
        url = f"http://hooks.example:{receiver.port}/"
        answer = await post(url, Names(["127.0.0.1"]), total_s=0.2)
    assert answer == Answer(problem=DeliveryProblem.TIMEOUT)


async def test_no_server() -> None:
    async with receiving() as receiver:
        port = receiver.port
    url = f"http://hooks.example:{port}/"
    assert await post(url, Names(["127.0.0.1"])) == Answer(problem=DeliveryProblem.CONNECTION)
    assert await post(url, Names([])) == Answer(problem=DeliveryProblem.NAME)


def _certificate(directory: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for `name`, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = directory / "both.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_the_certificate_has_to_be_the_names(tmp_path: Path) -> None:
    server, client = _certificate(tmp_path, "hooks.example")
    async with receiving(tls=server) as receiver:
        right, wrong = (f"https://{name}.example:{receiver.port}/" for name in ("hooks", "other"))
        assert await post(right, Names(["127.0.0.1"]), tls=client) == Answer(200)
        assert await post(wrong, Names(["127.0.0.1"]), tls=client) == Answer(problem=DeliveryProblem.TLS)
        assert await post(right, Names(["127.0.0.1"])) == Answer(problem=DeliveryProblem.TLS)
        assert len(receiver.received) == 1


async def test_the_systems_resolver_finds_this_machine() -> None:
    resolver = SystemResolver(threads=1)
    async with asyncio.timeout(10):
        assert set(await resolver.resolve("localhost", 443)) & {"127.0.0.1", "::1"}
    await resolver.close()

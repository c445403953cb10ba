"""Tokens signed with an issuer's private key: rotation, outages, and every way to pass one key off as another."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.jwks import NotAKeySetError, read_key_set
from oslira_gateway.identity.jwks_keys import REFETCH_AFTER_S, JwksKeys
from oslira_gateway.identity.ports import TokenVerifier
from oslira_gateway.identity.tokens import JwksTokens, TokensByAlgorithm, issuer_of
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

SECRET = "a secret that is long enough for HS256, and for HS512 in one test too"
ISSUER = "https://auth.example/auth/v1"
USER = new_id()
EC_KEY = ec.generate_private_key(ec.SECP256R1())
NEXT_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def jwk(key_id: str, key: PrivateKey, **changes: Any) -> dict[str, Any]:
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    public: dict[str, Any] = json.loads(algorithm.to_jwk(key.public_key()))  # pyright: ignore[reportArgumentType]
    return {**public, "kid": key_id, "use": "sig", **changes}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


BOTH = key_set(jwk("ec", EC_KEY), jwk("rsa", RSA_KEY))


class Issuer:
    """Answers with the next of `answers`, the last one for ever; an exception is raised."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.now_s = 0.0

    async def fetch(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def tokens(self, *, secret: str | None = SECRET) -> TokensByAlgorithm:
        keys = JwksKeys(self.fetch, clock_s=lambda: self.now_s)
        return TokensByAlgorithm(
            shared_secret=Hs256Tokens(secret) if secret else None, jwks=JwksTokens(keys, issuer=ISSUER)
        )


def sign(key: Any, algorithm: str, *, key_id: str | None = None, **changes: Any) -> str:
    claims = {
        "sub": str(USER),
        "role": "authenticated",
        "aud": "authenticated",
        "iss": ISSUER,
        "exp": datetime.now(UTC) + timedelta(hours=1),
        **changes,
    }
    return jwt.encode(claims, key, algorithm, headers={"kid": key_id} if key_id else None)


def forged(header: dict[str, Any], mac_key: bytes) -> str:
    """HMAC over anything with anything: what PyJWT itself refuses to sign."""
    claims = {"sub": str(USER), "role": "authenticated", "aud": "authenticated", "iss": ISSUER, "exp": 2**33}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(mac_key, b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


async def code_of(tokens: TokenVerifier, token: str) -> str:
    with pytest.raises(OsliraError) as caught:
        await tokens.verify(token)
    return caught.value.code


async def test_tokens_of_both_kinds_name_their_user() -> None:
    tokens = Issuer(BOTH).tokens()
    for token in (
        sign(EC_KEY, "ES256", key_id="ec"),
        sign(RSA_KEY, "RS256", key_id="rsa"),
        sign(SECRET, "HS256", key_id="legacy"),
    ):
        assert (await tokens.verify(token)).user_id == USER


def pem(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def der(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["ec", "rsa"])
@pytest.mark.parametrize("shape", [pem, der], ids=["pem", "der"])
@pytest.mark.parametrize("secret", [SECRET, None], ids=["both", "jwks-alone"])
async def test_a_public_key_is_never_a_shared_secret(key: Any, shape: Any, secret: str | None) -> None:
    token = forged({"alg": "HS256", "typ": "JWT", "kid": "ec" if key is EC_KEY else "rsa"}, shape(key))
    assert await code_of(Issuer(BOTH).tokens(secret=secret), token) == "token_invalid"


@pytest.mark.parametrize(
    ("key", "algorithm", "key_id"),
    [
        (RSA_KEY, "RS256", "ec"),  # the other key's name
        (EC_KEY, "ES256", "rsa"),
        (NEXT_KEY, "ES256", "ec"),  # another key of the same type
        (RSA_KEY, "RS512", "rsa"),  # an algorithm that its key is not for
        (RSA_KEY, "PS256", "rsa"),
        (EC_KEY, "ES256", None),
        (SECRET, "HS512", None),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 9 else "",
)
async def test_key_and_algorithm_belong_together(key: Any, algorithm: str, key_id: str | None) -> None:
    token = sign(key, algorithm, key_id=key_id)
    assert await code_of(Issuer(BOTH).tokens(), token) == "token_invalid"
    # Also without the table of algorithms in front.
    alone = JwksTokens(JwksKeys(Issuer(BOTH).fetch), issuer=ISSUER)
    assert await code_of(alone, token) == "token_invalid"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exp": datetime(2020, 1, 1, tzinfo=UTC)}, "token_expired"),
        ({"iat": datetime.now(UTC) + timedelta(hours=1)}, "token_invalid"),
        ({"iss": "https://elsewhere.example"}, "token_invalid"),
        ({"aud": "anon"}, "token_invalid"),
        ({"padding": "x" * 9_000}, "token_invalid"),
        ({"role": "service_role"}, "service_token_refused"),
    ],
    ids=["exp", "iat", "iss", "aud", "size", "role"],
)
async def test_claims_are_checked_as_for_shared_secrets(changes: dict[str, Any], code: str) -> None:
    assert await code_of(Issuer(BOTH).tokens(), sign(EC_KEY, "ES256", key_id="ec", **changes)) == code


async def test_a_rotated_key_is_found_and_the_withdrawn_one_refused() -> None:
    issuer = Issuer(BOTH, key_set(jwk("next", NEXT_KEY)))
    tokens = issuer.tokens()
    old, new = sign(EC_KEY, "ES256", key_id="ec"), sign(NEXT_KEY, "ES256", key_id="next")
    await tokens.verify(old)
    issuer.now_s += REFETCH_AFTER_S
    await tokens.verify(new)
    assert await code_of(tokens, old) == "token_invalid"


async def test_unknown_key_ids_ask_the_issuer_once_in_a_while_and_one_at_a_time() -> None:
    issuer = Issuer(BOTH)
    tokens = issuer.tokens()
    unknown = [sign(NEXT_KEY, "ES256", key_id=f"unknown-{n}") for n in range(20)]
    codes = await asyncio.gather(*(code_of(tokens, token) for token in unknown))
    assert set(codes) == {"token_invalid"}
    assert issuer.asked == 1
    issuer.now_s += REFETCH_AFTER_S
    await asyncio.gather(*(code_of(tokens, token) for token in unknown))
    assert issuer.asked == 2


@pytest.mark.parametrize(
    "answer", [OSError("down"), TimeoutError(), b"<html>", b"[]", b'{"keys": 5}', b"[" * 40_000], ids=repr
)
async def test_an_issuer_that_is_down_changes_nothing(answer: bytes | Exception) -> None:
    issuer = Issuer(BOTH, answer)
    tokens = issuer.tokens()
    token = sign(EC_KEY, "ES256", key_id="ec")
    await tokens.verify(token)
    issuer.now_s += REFETCH_AFTER_S
    assert await code_of(tokens, sign(NEXT_KEY, "ES256", key_id="next")) == "token_invalid"
    assert (await tokens.verify(token)).user_id == USER


async def test_without_any_key_yet_a_token_is_not_called_invalid() -> None:
    tokens = Issuer(OSError("down")).tokens()
    assert await code_of(tokens, sign(EC_KEY, "ES256", key_id="ec")) == "unavailable"
    assert (await tokens.verify(sign(SECRET, "HS256"))).user_id == USER


async def test_the_background_refresh_withdraws_keys() -> None:
    issuer = Issuer(BOTH, key_set())
    keys = JwksKeys(issuer.fetch, clock_s=lambda: issuer.now_s)
    assert await keys.state() == "its issuer has never answered"
    await keys.refresh()
    assert await keys.state() == "ok"
    assert await keys.find("ec") is not None
    await keys.refresh()
    assert await keys.find("ec") is None


WEAK_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # that it is refused is the point


@pytest.mark.parametrize(
    "unusable",
    [
        jwk("a", WEAK_KEY),
        jwk("a", EC_KEY, use="enc"),
        jwk("a", EC_KEY, key_ops=["encrypt"]),
        jwk("a", EC_KEY, key_ops="verify"),
        jwk("a", EC_KEY, alg="HS256"),
        jwk("a", RSA_KEY, alg="RS512"),
        jwk("a", EC_KEY, crv="P-384"),
        jwk("a", EC_KEY, x="!"),
        jwk("a", EC_KEY, kid=5),
        jwk("a", EC_KEY, d="AA"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "a"},
        {"kty": "RSA", "kid": "a"},
        {},
    ],
    # Named by hand: made of the keys they would differ from process to process, and tests run in several.
    ids=[
        "weak",
        "enc",
        "key_ops",
        "no list",
        "HS256",
        "RS512",
        "P-384",
        "no point",
        "kid",
        "private",
        "oct",
        "bare RSA",
        "bare",
    ],
)
def test_keys_that_are_unusable_are_left_out(unusable: dict[str, Any]) -> None:
    assert list(read_key_set(key_set(unusable, jwk("good", EC_KEY)))) == ["good"]


def test_a_set_has_a_bounded_number_of_keys() -> None:
    many: Sequence[dict[str, Any]] = [{"kty": "oct"}] * 65
    with pytest.raises(NotAKeySetError):
        read_key_set(key_set(*many))


def test_the_issuer_is_who_keeps_the_keys() -> None:
    assert issuer_of(f"{ISSUER}/.well-known/jwks.json") == ISSUER
    assert issuer_of("https://auth.example/keys") is None

"""The key set over real HTTP: redirects, size and time limits, and a token that is verified with it."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from oslira_gateway.identity.fetch_jwks import MAX_BYTES, KeySetRefusedError, fetch_jwks
from oslira_gateway.identity.jwks_keys import JwksKeys
from oslira_gateway.identity.tokens import JwksTokens, TokensByAlgorithm, issuer_of
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

KEY = ec.generate_private_key(ec.SECP256R1())
KEY_SET = json.dumps({"keys": [{**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "one"}]}).encode()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
    status, body, extra = "200 OK", b'{"keys": []}', ""
    if path == "/moved":
        status, extra = "302 Found", "location: /good\r\n"
    elif path.endswith("/.well-known/jwks.json"):
        body = KEY_SET
    elif path == "/broken":
        status = "500 Internal Server Error"
    elif path == "/big":
        body = b" " * (MAX_BYTES + 1)
    elif path == "/slow":
        await asyncio.sleep(5)
    writer.write(
        f"HTTP/1.1 {status}\r\n{extra}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
        + body
    )
    writer.close()


@pytest_asyncio.fixture(scope="module")
async def url() -> AsyncGenerator[str]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_key_set_is_fetched(url: str) -> None:
    assert await fetch_jwks(f"{url}/good")() == b'{"keys": []}'


@pytest.mark.parametrize("path", ["moved", "broken", "big"])
async def test_anything_else_is_refused(url: Any, path: str) -> None:
    with pytest.raises(KeySetRefusedError):
        await fetch_jwks(f"{url}/{path}")()


async def test_a_slow_issuer_is_not_waited_for(url: str) -> None:
    with pytest.raises((TimeoutError, httpx.TimeoutException)):
        await fetch_jwks(f"{url}/slow", timeout_s=0.2)()


async def test_a_token_is_checked_with_the_keys_and_the_name_of_its_issuer(url: str) -> None:
    jwks_url = f"{url}/auth/v1/.well-known/jwks.json"
    jwks = JwksTokens(JwksKeys(fetch_jwks(jwks_url)), issuer=issuer_of(jwks_url))
    tokens, user_id = TokensByAlgorithm(shared_secret=None, jwks=jwks), new_id()
    claims = {"sub": str(user_id), "role": "authenticated", "aud": "authenticated", "exp": time.time() + 60}
    good = jwt.encode({**claims, "iss": f"{url}/auth/v1"}, KEY, "ES256", headers={"kid": "one"})
    assert (await tokens.verify(good)).user_id == user_id
    other = jwt.encode({**claims, "iss": "https://elsewhere.example"}, KEY, "ES256", headers={"kid": "one"})
    with pytest.raises(OsliraError, match="token_invalid"):
        await tokens.verify(other)

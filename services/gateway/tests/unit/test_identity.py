"""Tokens, and the account they are used for."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from oslira_devstack.make_user import sign_token
from oslira_gateway.http.auth import bearer_token, path_id
from oslira_gateway.identity.caller import Caller, Membership
from oslira_gateway.identity.choose_account import choose_account
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

SECRET = "a secret that is long enough for HS256, and for HS512 in one test too"
USER = new_id()
TOKENS = Hs256Tokens(SECRET, issuer="https://auth.example")


def token(*, key: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    claims: dict[str, Any] = {
        "sub": str(USER),
        "role": "authenticated",
        "aud": "authenticated",
        "iss": "https://auth.example",
        "exp": datetime.now(UTC) + timedelta(hours=1),
        **changes,
    }
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm)


def unsigned() -> str:
    parts = [
        {"alg": "none", "typ": "JWT"},
        {"sub": str(USER), "role": "authenticated", "aud": "authenticated"},
    ]
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."
    )


async def code_of(text: str) -> str:
    with pytest.raises(OsliraError) as caught:
        await TOKENS.verify(text)
    return caught.value.code


async def test_a_good_token_names_its_user() -> None:
    caller = await TOKENS.verify(token(email="a@example.com", aud=["authenticated", "other"]))
    expires_at_s = caller.token_expires_at_s
    assert expires_at_s is not None
    assert expires_at_s > time.time()
    assert caller == Caller(USER, "a@example.com", is_confirmed=True, token_expires_at_s=expires_at_s)
    assert dict(caller.claims) == {"sub": str(USER), "role": "authenticated"}


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "another secret that is just as long as the right one is, and then some"},
        {"algorithm": "HS512"},
        {"aud": "anon"},
        {"aud": None},
        {"role": "anon"},
        {"role": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"exp": None},
        {"sub": None},
        {"sub": "somebody"},
        {"nbf": datetime.now(UTC) + timedelta(hours=1)},
        {"iat": datetime.now(UTC) + timedelta(hours=1)},
        {"padding": "x" * 9_000},
    ],
    ids="-".join,
)
async def test_a_token_that_is_wrong_in_one_thing_is_invalid(changes: dict[str, Any]) -> None:
    assert await code_of(token(**changes)) == "token_invalid"


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "....", "\x00", "ü.ü.ü", unsigned()])
async def test_what_is_no_signed_token_is_invalid(text: str) -> None:
    assert await code_of(text) == "token_invalid"


async def test_an_expired_token_says_so() -> None:
    assert await code_of(token(exp=datetime.now(UTC) - timedelta(minutes=1))) == "token_expired"


async def test_a_service_token_is_refused_by_name() -> None:
    assert await code_of(token(role="service_role", sub=None, aud=None)) == "service_token_refused"


async def test_development_tokens_are_accepted() -> None:
    made = sign_token(SECRET, user_id=USER, email="a@example.com")
    assert (await Hs256Tokens(SECRET).verify(made)).user_id == USER


@pytest.mark.parametrize("header", [None, "", "Basic abc", "bearer"])
def test_no_bearer_token_is_unauthenticated(header: str | None) -> None:
    with pytest.raises(OsliraError) as caught:
        bearer_token(header)
    assert caught.value.code == "unauthenticated"


def accounts(count: int) -> list[Membership]:
    return [Membership(new_id(), f"Account {n}", "team", "member") for n in range(count)]


def test_without_a_wish_the_oldest_account_is_used() -> None:
    mine = accounts(2)
    assert choose_account(Caller(USER), mine, wanted=None).account_id == mine[0].account_id


def test_the_account_in_the_header_is_used() -> None:
    mine = accounts(2)
    assert choose_account(Caller(USER), mine, wanted=str(mine[1].account_id)).account_id == mine[1].account_id


@pytest.mark.parametrize("wanted", ["01a2043a-40e4-7cd2-b286-f077d66bdd91", "", "mine", "'; drop table"])
def test_another_account_is_not_found(wanted: str) -> None:
    with pytest.raises(OsliraError) as caught:
        choose_account(Caller(USER), accounts(1), wanted=wanted)
    assert caught.value.code == "account_not_found"


def test_a_user_without_an_account_gets_an_error() -> None:
    with pytest.raises(OsliraError) as caught:
        choose_account(Caller(USER), [], wanted=str(new_id()))
    assert caught.value.code == "no_account"


def test_ids_in_paths() -> None:
    assert path_id(str(USER), "run_not_found") == UUID(str(USER))
    with pytest.raises(OsliraError) as caught:
        path_id("1", "run_not_found")
    assert caught.value.code == "run_not_found"


async def test_a_rotated_secret_counts_from_the_next_token() -> None:
    secrets = [SECRET]
    tokens = Hs256Tokens(lambda: secrets[-1])
    made = sign_token(SECRET, user_id=USER, email="a@example.com")
    assert (await tokens.verify(made)).user_id == USER
    secrets.append("another secret that has more than thirty-two bytes")
    with pytest.raises(OsliraError):
        await tokens.verify(made)
    made = sign_token(secrets[-1], user_id=USER, email="a@example.com")
    assert (await tokens.verify(made)).user_id == USER


async def said_of(text: str) -> tuple[str, str]:
    with pytest.raises(OsliraError) as caught:
        await TOKENS.verify(text)
    return caught.value.code, caught.value.detail


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_a_clock_may_be_a_minute_ahead_and_more_is_an_error(claim: str) -> None:
    now = datetime.now(UTC)
    ahead: dict[str, Any] = {claim: now + timedelta(seconds=55)}
    await TOKENS.verify(token(**ahead))
    far_ahead: dict[str, Any] = {claim: now + timedelta(seconds=90)}
    code, detail = await said_of(token(**far_ahead))
    assert code == "token_invalid"
    assert "clock" in detail


async def test_an_expired_token_has_no_such_leeway() -> None:
    now = datetime.now(UTC)
    assert await code_of(token(exp=now - timedelta(seconds=10))) == "token_expired"
    await TOKENS.verify(token(exp=now - timedelta(seconds=1)))


@pytest.mark.parametrize("iat", [float("inf"), float("-inf"), float("nan"), [], {}, "x"], ids=repr)
async def test_a_time_that_is_none_is_no_fault_of_ours(iat: Any) -> None:
    assert await code_of(token(iat=iat)) == "token_invalid"


@pytest.mark.parametrize("key", ["sb_publishable_abc", "sb_secret_abc"])
async def test_an_api_key_is_named_as_one(key: str) -> None:
    code, detail = await said_of(key)
    assert code == "token_invalid"
    assert "API key" in detail


@pytest.mark.parametrize(("configured", "sent"), [("https://a/", "https://a"), ("https://a", "https://a/")])
async def test_a_slash_at_the_end_of_an_issuer_counts_and_is_named(configured: str, sent: str) -> None:
    tokens = Hs256Tokens(SECRET, issuer=configured)
    await tokens.verify(token(iss=configured))
    with pytest.raises(OsliraError) as caught:
        await tokens.verify(token(iss=sent))
    assert caught.value.code == "token_invalid"
    assert "slash" in caught.value.detail


@pytest.mark.parametrize("header", ["Bearer x", "bearer x", "BEARER x", "bEaReR   x ", " Bearer x"])
def test_the_scheme_of_a_token_is_in_any_case(header: str) -> None:
    assert bearer_token(header) == "x"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic x", "Bearerx", "x"])
def test_no_token_is_unauthenticated(header: str | None) -> None:
    with pytest.raises(OsliraError) as caught:
        bearer_token(header)
    assert caught.value.code == "unauthenticated"

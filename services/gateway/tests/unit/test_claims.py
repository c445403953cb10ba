"""The user that claims name, and whether the issuer has confirmed the address."""

from typing import Any

import pytest
from oslira_gateway.identity.claims import read_caller
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

USER = new_id()
CLAIMS: dict[str, Any] = {"sub": str(USER), "role": "authenticated", "aud": "authenticated"}


@pytest.mark.parametrize(
    ("claims", "is_confirmed"),
    [
        ({"email": "a@example.com"}, True),
        ({"email": "a@example.com", "is_anonymous": False}, True),
        ({"email": "a@example.com", "email_verified": True}, True),
        ({"email": "a@example.com", "app_metadata": {"email_verified": True}}, True),
        ({"email": "a@example.com", "user_metadata": {"email_verified": False}}, True),
        ({}, False),
        ({"email": ""}, False),
        ({"email": 5}, False),
        ({"email": "a\x00@example.com"}, False),
        ({"email": "a\ud800@example.com"}, False),
        ({"phone": "+4912345"}, False),
        ({"email": "a@example.com", "is_anonymous": True}, False),
        ({"email": "a@example.com", "is_anonymous": "false"}, False),
        ({"email": "a@example.com", "email_verified": False}, False),
        ({"email": "a@example.com", "email_verified": "no"}, False),
        ({"email": "a@example.com", "app_metadata": {"email_verified": False}}, False),
    ],
    ids=str,
)
def test_only_an_address_that_the_issuer_vouches_for_is_confirmed(
    claims: dict[str, Any],
    is_confirmed: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    assert read_caller({**CLAIMS, **claims}).is_confirmed is is_confirmed


def test_editable_metadata_makes_no_user_an_operator() -> None:
    mine = {"oslira_operator": True, "role": "service_role", "email_verified": True}
    caller = read_caller({**CLAIMS, "user_metadata": mine, "email": "a@example.com", "is_anonymous": True})
    assert (caller.is_operator, caller.is_confirmed) == (False, False)
    assert read_caller({**CLAIMS, "app_metadata": {"oslira_operator": True}}).is_operator
    assert not read_caller({**CLAIMS, "app_metadata": {"oslira_operator": "true"}}).is_operator


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role": "service_role"}, "service_token_refused"),
        ({"role": "anon"}, "token_invalid"),
        ({"role": ["authenticated"]}, "token_invalid"),
        ({"aud": "anon"}, "token_invalid"),
        ({"aud": {"authenticated": True}}, "token_invalid"),
        ({"sub": 7}, "token_invalid"),
        ({"sub": ["x"]}, "token_invalid"),
        ({"sub": ""}, "token_invalid"),
    ],
    ids=str,
)
def test_other_claims_are_rejected(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(OsliraError) as caught:
        read_caller({**CLAIMS, **changes})
    assert caught.value.code == code

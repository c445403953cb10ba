"""Google's vectors for JSON Web Signatures, with the keys that a key set may have: a broken signature passes for no reason."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import jwt
from oslira_gateway.identity.decode import read_header
from oslira_gateway.identity.jwks import read_key_set
from oslira_shared.errors import OsliraError

VECTORS = Path(__file__).parents[5] / "shared/data/peers/wycheproof_json_web_signature.json"
_HS256 = "HS256"
# Of these, the header or the payload has a character that base64url doesn't have. The vectors let a library skip it; ours refuses.
STRICTER = {372, 373}
# Called invalid in the file, and byte for byte the valid vector 357: nothing can tell them apart.
SAME_AS_A_VALID_ONE = {367, 370}


def _key(group: dict[str, Any]) -> tuple[Any, str] | None:
    if "public" in group:
        usable = list(read_key_set(json.dumps({"keys": [group["public"]]}).encode()).values())
        return (usable[0].key, usable[0].algorithm) if usable else None
    secret = group["private"]
    assert secret["alg"] == _HS256
    return base64.urlsafe_b64decode(secret["k"] + "=="), _HS256


def _passes(token: str, key: tuple[Any, str] | None) -> bool:
    if key is None:
        return False
    try:
        read_header(token)
        jwt.PyJWS().decode(token, key[0], algorithms=[key[1]])
    except (OsliraError, jwt.InvalidTokenError, jwt.InvalidKeyError):
        return False
    return True


def test_every_vector_is_taken_or_refused_as_it_should_be() -> None:
    wrong: list[tuple[int, str]] = []
    seen: Counter[str] = Counter()
    by_id: dict[int, str] = {}
    for group in json.loads(VECTORS.read_text(encoding="utf-8"))["testGroups"]:
        key = _key(group)
        for test in group["tests"]:
            token = test["jws"] if isinstance(test["jws"], str) else json.dumps(test["jws"])
            # A key of an algorithm that is not used here is no key at all, so its good tokens are refused as well.
            is_good = test["result"] == "valid" or test["tcId"] in SAME_AS_A_VALID_ONE
            is_good = is_good and key is not None and test["tcId"] not in STRICTER
            if _passes(token, key) is not is_good:
                wrong.append((test["tcId"], test["comment"]))
            seen[test["result"]] += 1
            by_id[test["tcId"]] = token
    assert wrong == []
    [valid] = {by_id[357], *(by_id[number] for number in SAME_AS_A_VALID_ONE)}
    assert valid
    assert seen == {"valid": 46, "invalid": 355}

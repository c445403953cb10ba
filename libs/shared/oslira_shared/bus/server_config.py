"""The permissions in nats-server's form: one account, one user for each identity, everything else denied.

Users log in by nkey: the server knows only the public keys, so its configuration holds no secret.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from oslira_shared.bus.permissions import USERS, Rights, rights_of

ACCOUNT: Final = "OSLIRA"
_PLACEHOLDER: Final = re.compile(r'"(\$NATS_[A-Z]+_NKEY)"')


def public_key_variable(user: str) -> str:
    """The variable in which a server finds a user's public nkey, where it isn't written out."""
    return f"NATS_{user.upper()}_NKEY"


def accounts(logins: Mapping[str, Sequence[Mapping[str, str]]]) -> dict[str, Any]:
    """The `accounts` block.

    `logins`: for each of USERS the ways it may log in, such as `{"nkey": public}`; several during a rotation.
    """
    users = [
        {**login, "permissions": _permissions(rights_of(user))}
        for user in USERS
        for login in logins.get(user, ())
    ]
    return {ACCOUNT: {"jetstream": "enabled", "users": users}}


def by_nkeys(public_keys: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """`accounts` by public nkeys. A user without any gets a reference to its variable in the server's environment."""
    return accounts(
        {
            user: [{"nkey": key} for key in public_keys.get(user) or [f"${public_key_variable(user)}"]]
            for user in USERS
        }
    )


def as_server_file(block: Mapping[str, Any]) -> str:
    """For `include` in a nats-server configuration."""
    # The server resolves a variable only where it isn't quoted.
    body = _PLACEHOLDER.sub(r"\1", json.dumps(block, indent=2))
    return f"# Made by `oslira nats-config`; never edited by hand.\naccounts: {body}\n"


def as_helm_values(block: Mapping[str, Any]) -> str:
    """For `--values` of the NATS Helm chart: JSON, which is YAML. The chart writes `<< $X >>` unquoted."""
    body = _PLACEHOLDER.sub(r'"<< \1 >>"', json.dumps({"config": {"merge": {"accounts": block}}}, indent=2))
    return f"# Made by `oslira nats-config --helm`; never edited by hand.\n{body}\n"


def _permissions(rights: Rights) -> dict[str, Any]:
    return {
        "publish": {"allow": list(rights.publish)} if rights.publish else {"deny": [">"]},
        "subscribe": {"allow": list(rights.subscribe)},
        **({"allow_responses": True} if rights.may_answer else {}),
    }

"""Every way to put another account's id into a request, generated from the API's document.

A new operation is covered without a change here; one with an unknown kind of id raises, so that it is not left out unnoticed.
"""

import base64
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

from operations import Operation
from tenants import Membership, Tenant

REFUSED = "refused"  # the answer has to be a refusal
HARMLESS = "harmless"  # it may be the caller's own; it must contain nothing foreign


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request from a membership that names something of another account."""

    operation: str
    method: str
    path: str
    expected: str
    how: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    content: bytes | None = None

    @property
    def sent(self) -> str:
        """The caller's own texts, which an answer may repeat."""
        return json.dumps([self.path, dict(self.headers), dict(self.query), self.body, str(self.content)])


def attempts(operation: Operation, membership: Membership, victim: Tenant) -> Iterator[Attempt]:
    """All requests of one operation, from one membership, on one account."""
    if operation.ticket is not None:
        yield from _with_tickets(operation, membership, victim)
        yield from _by_path(operation, membership, victim)
        yield from _by_account(operation, membership, victim)
        return
    yield from _by_path(operation, membership, victim)
    yield from _by_account(operation, membership, victim)
    yield from _by_body(operation, membership, victim)
    yield from _by_query(operation, membership, victim)


def _by_path(operation: Operation, membership: Membership, victim: Tenant) -> Iterator[Attempt]:
    """Each choice of ids in the path that has at least one foreign one, in each way to write it."""
    base = _base(operation, membership)
    for owners in itertools.product((membership.tenant, victim), repeat=len(operation.path_names)):
        foreign = [n for n, o in zip(operation.path_names, owners, strict=True) if o is victim]
        if not foreign or _is_allowed(foreign, membership, victim):
            continue
        choices = [_ids(name, owner) for name, owner in zip(operation.path_names, owners, strict=True)]
        for ids in itertools.product(*choices):
            for spelling in _SPELLINGS:
                values = {
                    name: spelling(one) if name in foreign and name != "token" else one
                    for name, one in zip(operation.path_names, ids, strict=True)
                }
                attempt = replace(base, path=_path(operation, values))
                yield replace(attempt, how=f"path {'+'.join(foreign)} {spelling.__name__}")
                if operation.takes_account and membership.is_default and spelling is _plain:
                    unnamed = {name: value for name, value in base.headers.items() if name != "x-account-id"}
                    yield replace(attempt, headers=unnamed, how=f"path {'+'.join(foreign)}, no account named")
    for name in operation.path_names:
        yield from _of_another_kind(operation, base, name, membership, victim)


def _of_another_kind(
    operation: Operation, base: Attempt, name: str, membership: Membership, victim: Tenant
) -> Iterator[Attempt]:
    """A foreign id of something else where `name` belongs, all other ids being the caller's own."""
    own = {one: _ids(one, membership.tenant)[0] for one in operation.path_names}
    for kind, ids in victim.ids.items():
        if kind in {name, "user_id"}:
            continue
        for one in ids[:4]:
            for spelling in (_plain, _bare, _upper):
                path = _path(operation, {**own, name: one if kind == "token" else spelling(one)})
                yield replace(base, path=path, how=f"path {name} is a {kind}")


def _by_account(operation: Operation, membership: Membership, victim: Tenant) -> Iterator[Attempt]:
    """X-Account-Id of an account that isn't the caller's, on their own things and on the account's."""
    if not operation.takes_account or victim.account_id in membership.own:
        return
    base = _base(operation, membership)
    for owner in (membership.tenant, victim):
        for ids in itertools.product(*(_ids(name, owner) for name in operation.path_names)):
            path = _path(operation, dict(zip(operation.path_names, ids, strict=True)))
            for spelling in _SPELLINGS:
                headers = {**base.headers, "x-account-id": spelling(victim.account_id)}
                how = f"X-Account-Id {spelling.__name__}"
                yield replace(base, path=path, headers=headers, how=how)


def _by_body(operation: Operation, membership: Membership, victim: Tenant) -> Iterator[Attempt]:
    """Another account's business profile, and an account slipped in among the fields."""
    base = _base(operation, membership)
    if isinstance(base.body, dict) and "business_profile_id" in base.body:
        for profile in victim.ids["business_profile_id"]:
            for spelling in _SPELLINGS:
                body = {**base.body, "business_profile_id": spelling(profile)}
                yield replace(base, body=body, how=f"body business_profile_id {spelling.__name__}")
            if operation.takes_csv:
                terms = {"type": "light", "business_profile_id": profile}
                headers = {**base.headers, "content-type": "text/csv"}
                csv = b"username\nfuzz.name\n"
                yield replace(base, body=None, content=csv, query=terms, headers=headers, how="csv terms")
    if isinstance(base.body, dict) and "lead_ids" in base.body:
        for lead in victim.ids["lead_id"][:4]:
            for ids in ([lead], [lead, _ids("lead_id", membership.tenant)[0]]):
                # Each lead has an outcome of its own; the caller's own may be changed.
                body = {**base.body, "lead_ids": ids}
                yield replace(base, body=body, expected=HARMLESS, how=f"body {len(ids)} lead_ids")
    if isinstance(base.body, dict) and operation.method == "POST":
        for name in ("account_id", "accountId", "user_id"):
            body = {**base.body, name: victim.account_id}
            yield replace(base, body=body, expected=HARMLESS, how=f"body {name} added")


def _by_query(operation: Operation, membership: Membership, victim: Tenant) -> Iterator[Attempt]:
    """Parameters that narrow, continue or repeat the caller's own: a foreign value may be accepted, and shows nothing."""
    base = replace(_base(operation, membership), expected=HARMLESS)
    if "cursor" in operation.parameters:
        for cursor in victim.cursors:
            for limit in ("1", "100"):
                yield replace(base, query={"cursor": cursor, "limit": limit}, how="cursor")
    if "business_profile_id" in operation.parameters:
        for profile in victim.ids["business_profile_id"]:
            yield replace(base, query={"business_profile_id": profile}, how="query business_profile_id")
    if "Idempotency-Key" in operation.parameters:
        for key in victim.idempotency_keys:
            yield replace(base, headers={**base.headers, "idempotency-key": key}, how="Idempotency-Key")
    yield from _added(operation, base, victim)


def _added(operation: Operation, base: Attempt, victim: Tenant) -> Iterator[Attempt]:
    """Headers that no operation reads, and some other program might."""
    if operation.method == "GET":
        for name in ("account_id", "x-account-id", "user_id", "ticket"):
            yield replace(base, query={name: victim.account_id}, how=f"query {name} added")
    if operation.method == "GET" and not operation.takes_account:
        yield replace(base, headers={**base.headers, "x-account-id": victim.account_id}, how="header added")


def _with_tickets(operation: Operation, membership: Membership, victim: Tenant) -> Iterator[Attempt]:
    """A ticket instead of a token: own ones on foreign objects, of another kind, and rewritten."""
    own = membership.tenant.tickets
    stream = str(operation.ticket)
    base = Attempt(operation.id, operation.method, operation.path, REFUSED, "")
    choices = [_ids(name, victim) for name in operation.path_names]
    for ids in itertools.product(*choices):
        path = _path(operation, dict(zip(operation.path_names, ids, strict=True)))
        for kind, ticket in own.items():
            if operation.path_names or kind != stream:
                yield replace(base, path=path, query={"ticket": ticket}, how=f"own {kind} ticket")
            for number, forged in enumerate(_forged(ticket, victim, stream, ids)):
                yield replace(base, path=path, query={"ticket": forged}, how=f"forged {kind} ticket {number}")
        for kind, ticket in victim.tickets.items():
            if kind != stream:
                yield replace(base, path=path, query={"ticket": ticket}, how=f"{kind} ticket of another kind")
        for kind, ticket in membership.kept.items() if membership.left == victim.account_id else ():
            yield replace(base, path=path, query={"ticket": ticket}, how=f"{kind} ticket of a removed member")
            for number, forged in enumerate(_forged(ticket, victim, stream, ids)):
                how = f"forged {kind} ticket {number} of a removed member"
                yield replace(base, path=path, query={"ticket": forged}, how=how)
        yield replace(base, path=path, expected=HARMLESS, how="no ticket")  # refused as a bad request
        for guess in (victim.account_id, *ids):
            yield replace(base, path=path, query={"ticket": guess}, how="an id for a ticket")


def _forged(ticket: str, victim: Tenant, kind: str, ids: tuple[str, ...]) -> Iterator[str]:
    """One's own ticket with the victim's account and object written into it, under the original signature."""
    payload, _, signature = ticket.partition(".")
    signed = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    _, thing, _, *rest = signed  # when it expires, and whose it is
    wanted = ids[0] if ids else victim.account_id
    for said in (
        [kind, UUID(wanted).hex, UUID(victim.account_id).hex, *rest],
        [kind, thing, UUID(victim.account_id).hex, *rest],
    ):
        text = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
        yield from (f"{text}.{signature}", f"{text}.", f"{text}.{text}")


def _base(operation: Operation, membership: Membership) -> Attempt:
    """The valid request: the caller's own account and objects."""
    own = {name: _ids(name, membership.tenant)[0] for name in operation.path_names}
    headers = dict(membership.headers)
    if operation.takes_account:
        headers["x-account-id"] = membership.tenant.account_id
    if "If-Match" in operation.parameters:
        headers["if-match"] = "*"
    body = _body(operation, membership.tenant) if operation.body else None
    path = _path(operation, own)
    return Attempt(operation.id, operation.method, path, REFUSED, "", headers, {}, body)


def _body(operation: Operation, own: Tenant) -> dict[str, Any]:
    profile = own.ids["business_profile_id"][0]
    terms = {"type": "light", "business_profile_id": profile}
    bodies: Mapping[str, dict[str, Any]] = {
        "AccountName": {"name": "Renamed"},
        "NewInvitation": {"email": "somebody@oslira.test"},
        "NewRole": {"role": "member"},
        "AnalysisBody": {"username": "fuzz.name", **terms},
        "BulkBody": {"usernames": ["fuzz.name"], **terms},
        "AnonymousBody": {"username": "fuzz.name"},
        "CheckoutOrder": {"pack": "pack_100"},
        "PortalOrder": {},
        "BusinessContext": {"name": "Rewritten"},
        "BusinessPatch": {"name": "Rewritten"},
        "EndpointOrder": {"url": own.hook_url},
        "EndpointChange": {"description": "Rewritten"},
    }
    sample = dict(operation.sample)
    if "lead_ids" in sample:
        sample["lead_ids"] = own.ids["lead_id"][:1]
    if "business_profile_id" in sample:
        sample["business_profile_id"] = profile
    return dict(bodies.get(operation.body or "", sample))


def _ids(name: str, owner: Tenant) -> list[str]:
    if not owner.ids.get(name):
        raise LookupError(f"say in tenants.py what an account's {name} is")
    return list(owner.ids[name][:4])


def _is_allowed(foreign: list[str], membership: Membership, victim: Tenant) -> bool:
    """The account of a path may be any of the caller's; members of the same team may see each other."""
    if set(foreign) & {"account_id"} and victim.account_id in membership.own:
        return True
    return foreign == ["user_id"] and (
        victim.ids["user_id"] == membership.tenant.ids["user_id"] or not membership.is_default
    )


def _path(operation: Operation, values: Mapping[str, str]) -> str:
    path = operation.path
    for name, value in values.items():
        path = path.replace("{" + name + "}", quote(value, safe=""))
    return path


def _plain(value: str) -> str:
    return value


def _upper(value: str) -> str:
    return value.upper()


def _bare(value: str) -> str:
    return value.replace("-", "")


def _braced(value: str) -> str:
    return "{" + value + "}"


def _urn(value: str) -> str:
    return f"urn:uuid:{value}"


_SPELLINGS = (_plain, _upper, _bare, _braced, _urn)

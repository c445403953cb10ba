"""docs/architecture/shared-sql.md lists every view, table and function that a service grants to another one."""

import re
from collections.abc import Mapping
from typing import Final

import asyncpg
from oslira_devstack.databases import Database
from repository import DOCS

_PAGE: Final = DOCS / "architecture/shared-sql.md"
_OWNER_OF: Final[Mapping[str, str]] = {
    "gateway": "gateway",
    "identity": "gateway",
    "insights": "gateway",
    "credits": "credits",
    "analysis": "analysis",
    "billing": "billing",
    "scheduler": "scheduler",
}
_USERS: Final = "users"
_GRANTS: Final = """
select n.nspname as schema, c.relname as name, r.rolname as role, lower(a.privilege_type) as right
  from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
  join pg_roles r on r.oid = a.grantee where n.nspname = any($1) and c.relkind in ('r', 'v', 'm', 'p')
union
select n.nspname, p.proname || '()', r.rolname, lower(a.privilege_type)
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace, aclexplode(p.proacl) a
  join pg_roles r on r.oid = a.grantee where n.nspname = any($1)
"""
# | `analysis.run_view` | gateway | select | what for |
_ROW: Final = re.compile(r"^\| `([\w.]+(?:\(\))?)` \| ([\w, ]+) \| ([\w, ]+) \| (.+) \|$", re.MULTILINE)


async def granted(database: Database) -> dict[str, tuple[str, str]]:
    """(services, rights) by object, of those that another service may use, itself or in its own functions."""
    connection = await asyncpg.connect(database.admin_url)
    try:
        rows = await connection.fetch(_GRANTS, list(_OWNER_OF))
    finally:
        await connection.close()
    found: dict[str, tuple[set[str], set[str]]] = {}
    for row in rows:
        service = user_of(row["role"])
        owner = _OWNER_OF[row["schema"]]
        if service is not None and service != owner and (service, owner) != (_USERS, "gateway"):
            services, rights = found.setdefault(f"{row['schema']}.{row['name']}", (set(), set()))
            services.add(service)
            rights.add(row["right"])
    return {name: (", ".join(sorted(who)), ", ".join(sorted(what))) for name, (who, what) in found.items()}


def user_of(role: str) -> str | None:
    """The service that logs in by a role or whose functions run as it; users, whose role the gateway takes."""
    if role == "authenticated":
        return _USERS
    name, _, kind = role.rpartition("_")
    return _OWNER_OF.get(name) if kind in {"service", "owner"} else None


async def test_the_page_lists_what_is_granted(database: Database) -> None:
    expected = await granted(database)
    listed = {name: (who, what) for name, who, what, _ in _ROW.findall(_PAGE.read_text())}
    missing = [
        f"| `{name}` | {who} | {what} | … |"
        for name, (who, what) in sorted(expected.items())
        if listed.get(name) != (who, what)
    ]
    assert missing == [], "rows to add or correct:\n" + "\n".join(missing)
    unexplained = [name for name, _, _, purpose in _ROW.findall(_PAGE.read_text()) if purpose == "…"]
    assert unexplained == [], "say what for"
    assert listed.keys() == expected.keys(), f"not granted any more: {listed.keys() - expected.keys()}"

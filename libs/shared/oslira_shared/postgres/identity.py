"""Checks our login. A service that has another one, or that bypasses row-level security, must not start."""

from typing import Final

from oslira_shared.postgres.clients import Pool

_WHO: Final = """
select r.rolname, r.rolsuper or r.rolbypassrls as is_unbound from pg_catalog.pg_roles r where r.rolname = session_user
"""


class WrongRole(Exception):  # noqa: N818
    """The database knows us as another role, or as one that bypasses row-level security."""


async def require_own_role(pool: Pool, service: str) -> None:
    """Raises WrongRole unless the pool's login is `<service>_service`, bound by row-level security."""
    row = await pool.fetchrow(_WHO)
    role = row["rolname"] if row is not None else "nobody"
    if role != f"{service}_service":
        raise WrongRole(f"the database login is {role}, not {service}_service")
    if row is not None and row["is_unbound"]:
        raise WrongRole(f"the database login {role} is a superuser or bypasses row-level security")

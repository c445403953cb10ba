"""Rules for every table, policy, function and view, checked in Postgres's catalogue.

Each rule is a query that finds violations, one line of text a row; `$1` is the list of our schemas.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from oslira_shared.postgres.clients import Connection

SCHEMAS: Final = ("identity", "credits", "analysis", "billing", "insights", "scheduler", "public")

# Definer functions that users may execute, and why. Any other one is for services.
FOR_USERS: Final[Mapping[str, str]] = {
    "user_account_ids()": "every policy stands on it; it tells users nothing but their own accounts",
}
# Foreign keys that need no index, and why.
UNINDEXED: Final[Mapping[str, str]] = {
    "credits.entries.balance_id": "the ledger deletes no balance, and each entry would pay for the index",
}
# Frequent queries, by their columns, in order.
ASKED_OFTEN: Final = (
    ("analysis.runs", ("account_id", "state")),
    ("analysis.runs", ("account_id", "created_at")),
    ("analysis.ai_usage_logs", ("created_at",)),
    ("analysis.leads", ("account_id", "analysed_at")),
    ("analysis.leads", ("account_id", "latest_score")),
    ("analysis.leads", ("account_id", "username")),
    ("analysis.analyses", ("lead_id", "created_at")),
    ("identity.members", ("user_id",)),
    ("billing.subscriptions", ("account_id",)),
)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_OURS: Final = "join pg_namespace n on n.oid = {0}.{1}namespace and n.nspname = any($1)"
_RELATIONS: Final = "pg_class c " + _OURS.format("c", "rel")
_FUNCTIONS: Final = "pg_proc p " + _OURS.format("p", "pro")
_TABLES: Final = _RELATIONS + " and c.relkind in ('r', 'p')"
# Policies as Postgres writes them back: a call in a sub-select reads `( SELECT auth.uid() AS uid)`.
_POLICIES: Final = f"""
  (select p.polname, p.polroles, p.polcmd, c.oid as table_id, c.oid::regclass::text as name,
          concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as rule, p.oid
     from pg_policy p join {_RELATIONS.replace("pg_class c", "pg_class c on c.oid = p.polrelid", 1)}) as policy
"""
# An index without deleted rows is enough too: users' queries never read those.
_WHOLE: Final = (
    "coalesce(pg_get_expr(i.indpred, i.indrelid), '(deleted_at IS NULL)') = '(deleted_at IS NULL)'"
)
_INVOKER: Final = "array['security_invoker=true', 'security_invoker=on']"
_SAFE_PATHS: Final = (
    """array['search_path=""', 'search_path=pg_catalog', 'search_path=pg_catalog, pg_temp']"""
)

RULES: Final[Mapping[str, str]] = {
    "nothing is owned by who bypasses row-level security": f"""
        with things as (
          select 'relation ' || c.oid::regclass as name, c.relowner as owner from {_RELATIONS}
          union all
          select 'function ' || p.oid::regprocedure, p.proowner from {_FUNCTIONS}
          union all
          select 'schema ' || nspname, nspowner from pg_namespace where nspname = any($1) and nspname <> 'public'
        )
        select t.name from things t join pg_roles r on r.oid = t.owner where r.rolsuper or r.rolbypassrls
    """,
    "what is in a schema belongs to its owner": f"""
        with things as (
          select 'relation ' || c.oid::regclass as name, n.nspname, c.relowner as owner from {_RELATIONS}
          union all
          select 'function ' || p.oid::regprocedure, n.nspname, p.proowner from {_FUNCTIONS}
        )
        select t.name || ' of ' || r.rolname from things t join pg_roles r on r.oid = t.owner
         where t.nspname <> 'public' and r.rolname <> t.nspname || '_owner'
    """,
    "every table has row-level security enabled and forced": f"""
        select c.oid::regclass::text from {_TABLES} where not (c.relrowsecurity and c.relforcerowsecurity)
    """,
    "every table has a policy for its owner and one for a service": f"""
        select c.oid::regclass::text from {_TABLES}
         where not exists (select from pg_policy p where p.polrelid = c.oid and p.polroles @> array[c.relowner])
            or not exists (select from pg_policy p join pg_roles r on r.oid = any(p.polroles)
                            where p.polrelid = c.oid and r.rolname like '%\\_service')
    """,
    "every role that may touch a table is named by a policy": f"""
        select distinct c.oid::regclass || ' ' || a.grantee::regrole
          from {_TABLES}, aclexplode(c.relacl) a
         where a.grantee <> c.relowner and not exists (
           select from pg_policy p where p.polrelid = c.oid and a.grantee = any(p.polroles))
    """,
    "no policy is for everybody": f"select name || ' ' || polname from {_POLICIES} where 0 = any(polroles)",
    "no policy asks auth.uid() once for each row": f"""
        select name || ' ' || polname from {_POLICIES}
         where replace(rule, '( SELECT auth.uid() AS uid)', '') like '%auth.uid()%'
    """,
    "no policy asks for the user's accounts once for each row": f"""
        select name || ' ' || polname from {_POLICIES}
         where regexp_replace(rule, '\\( SELECT (public\\.)?user_account_ids\\(\\) AS user_account_ids\\)', '', 'g')
               like '%user_account_ids%'
    """,
    "no function asks auth.uid() once for each row": f"""
        select p.oid::regprocedure::text from {_FUNCTIONS}
         where regexp_replace(p.prosrc, '\\(select auth\\.uid\\(\\)\\)', '', 'g') like '%auth.uid()%'
    """,
    "what users see of an account's rows is by account": f"""
        select name || ' ' || polname from {_POLICIES}
         where 'authenticated'::regrole = any(polroles) and rule not like '%user_account_ids()%'
           and exists (select from pg_attribute a where a.attrelid = table_id and a.attname = 'account_id')
    """,
    "a column that a user's policy looks at leads an index": f"""
        select distinct d.refobjid::regclass || '.' || a.attname
          from {_POLICIES}
          join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = policy.oid
                          and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
          join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
         where 'authenticated'::regrole = any(polroles) and not exists (
           select from pg_index i where i.indrelid = d.refobjid and i.indkey[0] = d.refobjsubid and i.indisvalid
                                    and {_WHOLE})
    """,
    "a foreign key's column leads an index": f"""
        select k.conrelid::regclass || '.' || a.attname
          from pg_constraint k join {_TABLES.replace("pg_class c", "pg_class c on c.oid = k.conrelid", 1)}
          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
         where k.contype = 'f'
           and k.conrelid::regclass || '.' || a.attname <> all (array[{_listed(UNINDEXED)}]) and not exists (
           select from pg_index i where i.indrelid = k.conrelid and i.indkey[0] = k.conkey[1] and i.indisvalid)
    """,
    "every definer function has a fixed search path": f"""
        select p.oid::regprocedure::text from {_FUNCTIONS}
         where p.prosecdef and not coalesce(p.proconfig, '{{}}') && {_SAFE_PATHS}
    """,
    "no function is everybody's": f"""
        select p.oid::regprocedure::text
          from {_FUNCTIONS}, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
         where a.grantee = 0 and a.privilege_type = 'EXECUTE'
    """,
    "users run no definer function that isn't listed": f"""
        select p.oid::regprocedure::text from {_FUNCTIONS}
         where p.prosecdef and not p.oid::regprocedure::text = any(array[{_listed(FOR_USERS)}])
           and (has_function_privilege('authenticated', p.oid, 'execute') or has_function_privilege('anon', p.oid, 'execute'))
    """,
    "views that users read show what the user may see": f"""
        select c.oid::regclass::text from {_RELATIONS}
         where c.relkind in ('v', 'm') and not coalesce(c.reloptions, '{{}}') && {_INVOKER}
           and (has_any_column_privilege('authenticated', c.oid, 'select') or has_any_column_privilege('anon', c.oid, 'select'))
    """,
    "anonymous users touch no table": f"""
        select c.oid::regclass::text from {_RELATIONS}
         where c.relkind in ('r', 'p', 'v', 'm')
           and (has_table_privilege('anon', c.oid, 'select, insert, update, delete, truncate')
                or has_any_column_privilege('anon', c.oid, 'select, insert, update'))
    """,
    "nothing is granted to everybody": f"""
        select c.oid::regclass || ' ' || a.privilege_type from {_RELATIONS}, aclexplode(c.relacl) a where a.grantee = 0
    """,
    "no role of ours has more than it needs": """
        select rolname from pg_roles
         where rolname ~ '_(owner|service|migrator)$' and rolname !~ '^pg_' and cardinality($1::text[]) > 0
           and (rolsuper or rolbypassrls or rolreplication or (rolname like '%\\_owner' and rolcanlogin)
                or (rolname like '%\\_service' and (rolcreaterole or rolcreatedb or not rolcanlogin)))
    """,
}

_IS_INDEXED: Final = f"""
select exists (
  select from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
   where n.nspname || '.' || c.relname = $1 and i.indisvalid and {_WHOLE}
     and (select array_agg(a.attname::text order by k.place) from unnest(i.indkey::int2[]) with ordinality k (attnum, place)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
           where k.place <= cardinality($2::text[])) = $2::text[])
"""


async def broken(connection: Connection) -> list[str]:
    """Every rule with violations; empty if there are none."""
    found = [
        f"{rule}: {row[0]}"
        for rule, query in RULES.items()
        for row in await connection.fetch(query, list(SCHEMAS))
    ]
    for table, columns in ASKED_OFTEN:
        if not await connection.fetchval(_IS_INDEXED, table, list(columns)):
            found.append(f"what is asked often has an index: {table} ({', '.join(columns)})")
    return found

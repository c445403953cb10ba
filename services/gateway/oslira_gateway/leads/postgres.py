"""Leads, read as the user under row-level security, and soft-deleted by functions that analysis grants to the gateway."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import AnalysisType, FollowerTier
from oslira_shared.postgres.again import despite_conflicts
from oslira_shared.postgres.clients import AdminClient, Connection, Pool, Record, UserClient

from oslira_gateway.http.listing import Cursor
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.lead import Lead, LeadAnalysis
from oslira_gateway.leads.many_leads import LeadOutcome, Outcome
from oslira_gateway.leads.ports import Restored
from oslira_gateway.leads.search import Direction, LeadFilter, LeadSearch, Place, Sort

_COLUMNS: Final = """l.id, l.business_profile_id, l.username, l.full_name, l.followers, l.tier, l.category, l.is_verified, l.links,
  l.emails, l.phones, l.latest_score, coalesce(l.latest_type, 'light') as latest_type, l.summary, l.analysed_at, l.created_at"""
_FIND: Final = (
    f"select {_COLUMNS} from analysis.leads l where id = $1 and account_id = $2 and deleted_at is null"
)
_ANALYSES: Final = """
select id, run_id, type, score, business_version, result, created_at from analysis.analyses
 where lead_id = $1 and account_id = $2 and deleted_at is null
   and ($3::timestamptz is null or (created_at, id) < ($3, $4::uuid))
 order by created_at desc, id desc limit $5
"""
_NAMES: Final = "select id, name from identity.business_profiles where account_id = $1"
_CHOSEN: Final = f"""
select {_COLUMNS} from analysis.leads l where id = any($1) and account_id = $2 and deleted_at is null
"""
_PICTURED: Final = "select username from analysis.avatars where username = any($1)"
_WORDS: Final = "select array_agg(w order by length(w) desc) from analysis.words_of($1) as w"
# More or longer words make a search slower, not more precise.
_MAX_WORDS: Final = 4
_COLUMN: Final[Mapping[Sort, str]] = {
    Sort.ANALYSED_AT: "analysed_at",
    Sort.SCORE: "latest_score",
    Sort.USERNAME: "username",
}
_TYPE: Final[Mapping[Sort, str]] = {
    Sort.ANALYSED_AT: "timestamptz",
    Sort.SCORE: "smallint",
    Sort.USERNAME: "text",
}
# Behind every word that begins with the same letters: no character is above it.
_LAST: Final = chr(0x10FFFF)


class PostgresLeads:
    """Implements Leads."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._service = AdminClient(pool)

    async def find(self, member: Member, lead_id: UUID) -> Lead | None:
        async with self._as(member).transaction() as connection:
            row = await connection.fetchrow(_FIND, lead_id, member.account_id)
        return _lead(row) if row else None

    async def page(
        self, member: Member, search: LeadSearch, *, after: Place | None, limit: int
    ) -> Sequence[Lead]:
        async with self._as(member).transaction() as connection:
            words = await _words(connection, search.filter.text)
            if words == []:  # a text without a single word is in no name
                return []
            statement, values = page_statement(
                member.account_id, search, words or [], after=after, limit=limit
            )
            rows = await connection.fetch(statement, *values)
        return [_lead(row) for row in rows]

    async def analyses(
        self, member: Member, lead_id: UUID, *, after: Cursor | None, limit: int
    ) -> Sequence[LeadAnalysis]:
        place = (after.created_at, after.row_id) if after else (None, None)
        async with self._as(member).transaction() as connection:
            rows = await connection.fetch(_ANALYSES, lead_id, member.account_id, *place, limit)
        return [_analysis(row) for row in rows]

    async def pictured(self, leads: Sequence[Lead]) -> Collection[str]:
        """As the service: pictures belong to profiles, and users may not query which profiles have one."""
        async with self._service.connection() as connection:
            rows = await connection.fetch(_PICTURED, [lead.username for lead in leads])
        return frozenset(name for (name,) in rows)

    async def business_names(self, member: Member) -> Mapping[UUID, str]:
        async with self._as(member).transaction() as connection:
            return {row["id"]: row["name"] for row in await connection.fetch(_NAMES, member.account_id)}

    async def delete(self, member: Member, lead_id: UUID) -> bool:
        """As the service: analysis grants the function to the gateway, and no user may write leads."""
        async with self._service.connection() as connection:
            return await connection.fetchval(
                "select analysis.delete_lead($1, $2)", lead_id, member.account_id
            )

    async def restore(self, member: Member, lead_id: UUID) -> Restored:
        """As the service, for the same reason."""
        async with self._service.connection() as connection:
            row = await connection.fetchrow(
                "select * from analysis.restore_lead($1, $2)", lead_id, member.account_id
            )
        return Restored(row["outcome"], row["lead_id"]) if row else Restored("not_found", lead_id)

    async def chosen(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[Lead]:
        async with self._as(member).transaction() as connection:
            rows = await connection.fetch(_CHOSEN, lead_ids, member.account_id)
        return [_lead(row) for row in rows]

    async def delete_many(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[LeadOutcome]:
        """As the service, as `delete`."""
        rows = await self._changed(
            "select * from analysis.delete_leads($1, $2)",
            member,
            lead_ids,
        )
        return [LeadOutcome(row["lead_id"], Outcome(row["outcome"])) for row in rows]

    async def restore_many(self, member: Member, lead_ids: Sequence[UUID]) -> Sequence[LeadOutcome]:
        """As the service, as `restore`."""
        rows = await self._changed("select * from analysis.restore_leads($1, $2)", member, lead_ids)
        return [LeadOutcome(row["lead_id"], Outcome(row["outcome"]), row["replaced_by"]) for row in rows]

    async def _changed(self, statement: str, member: Member, lead_ids: Sequence[UUID]) -> Sequence[Record]:
        async def change() -> Sequence[Record]:
            async with self._service.connection() as connection:
                return await connection.fetch(statement, lead_ids, member.account_id)

        # Two requests that restore leads of the same profiles can deadlock.
        return await despite_conflicts(change, name="change_leads")

    def _as(self, member: Member) -> UserClient:
        return UserClient(self._pool, claims=member.caller.claims)


def page_statement(
    account_id: UUID, search: LeadSearch, words: Sequence[str], *, after: Place | None, limit: int
) -> tuple[str, list[Any]]:
    """One page's query and its values. It has only the requested conditions, so that each search gets its own plan.

    Comparisons use the columns' types and leakproof operators: under row-level security others use no index.
    """
    values: list[Any] = [account_id]

    def value(given: Any, kind: str) -> str:
        values.append(given)
        return f"${len(values)}::{kind}"

    column, wanted = _COLUMN[search.sort], search.filter
    conditions = ["l.account_id = $1", "l.deleted_at is null", *_conditions(wanted, value)]
    conditions += [
        "l.id in (select w.lead_id from analysis.lead_words w where w.account_id = $1"
        f" and w.word >= {value(word, 'text')} and w.word < {value(word + _LAST, 'text')})"
        for word in words[:_MAX_WORDS]
    ]
    if after is not None:
        sign = "<" if search.direction is Direction.DESC else ">"
        place = f"({value(after.value, _TYPE[search.sort])}, {value(after.lead_id, 'uuid')})"
        conditions.append(f"(l.{column}, l.id) {sign} {place}")
    direction = search.direction.value
    statement = (
        f"select {_COLUMNS} from analysis.leads l where {' and '.join(conditions)}"
        f" order by l.{column} {direction}, l.id {direction} limit {value(limit, 'int')}"
    )
    return statement, values


def _conditions(wanted: LeadFilter, value: Any) -> list[str]:
    given = (
        ("l.latest_type = {}", wanted.type, "text"),
        ("l.business_profile_id = {}", wanted.business_profile_id, "uuid"),
        ("l.latest_score >= {}", wanted.score_min, "smallint"),
        ("l.latest_score <= {}", wanted.score_max, "smallint"),
        ("l.analysed_at >= {}", wanted.analysed_from, "timestamptz"),
        ("l.analysed_at < {}", wanted.analysed_to, "timestamptz"),
    )
    return [condition.format(value(what, kind)) for condition, what, kind in given if what is not None]


async def _words(connection: Connection, text: str | None) -> list[str] | None:
    """The words of a text as the index has them, longest first; None without a text."""
    if text is None:
        return None
    return await connection.fetchval(_WORDS, text) or []


def _lead(row: Record) -> Lead:
    return Lead(
        lead_id=row["id"],
        business_profile_id=row["business_profile_id"],
        username=row["username"],
        full_name=row["full_name"],
        followers=row["followers"],
        tier=FollowerTier(row["tier"]) if row["tier"] else None,
        category=row["category"],
        is_verified=row["is_verified"],
        links=row["links"],
        emails=row["emails"],
        phones=row["phones"],
        score=row["latest_score"],
        type=AnalysisType(row["latest_type"]),
        summary=row["summary"],
        analysed_at=row["analysed_at"],
        created_at=row["created_at"],
    )


def _analysis(row: Record) -> LeadAnalysis:
    return LeadAnalysis(
        analysis_id=row["id"],
        run_id=row["run_id"],
        type=AnalysisType(row["type"]),
        score=row["score"],
        business_profile_version=row["business_version"],
        result=row["result"],
        created_at=row["created_at"],
    )

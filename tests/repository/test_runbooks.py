"""What a runbook tells on-call to run works where on-call stands: in production, with psql, kubectl, curl and PromQL.

SQL runs on a provisioned database as on-call's login; routes, jobs, deployments, metrics, log lines exist.
"""

import re
import shlex
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import pytest_asyncio
import typer.core
import typer.main
import yaml
from exporter_metrics import EXPORTED_BY
from oslira_cli.main import build_app
from oslira_devstack.credentials import OPERATOR_ROLE
from oslira_devstack.databases import Database
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.postgres.clients import Connection
from repository import DOCS, ROOT
from runbooks import PAGES, RUNBOOKS, command_lines, written

_COMMANDS: Final = frozenset({"kubectl", "admin", "nats", "oslira"})
_VERBS: Final = frozenset(
    {
        "get",
        "describe",
        "logs",
        "rollout",
        "scale",
        "set",
        "annotate",
        "patch",
        "drain",
        "port-forward",
        "create",
        "delete",
        "apply",
        "kustomize",
    }
)


@pytest_asyncio.fixture
async def on_call(module_database: Database) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(module_database.url(OPERATOR_ROLE))
    yield connection
    await connection.close()


def params(found: list[tuple[str, str]]) -> list[Any]:
    return [pytest.param(text, id=name) for name, text in found]


@pytest.mark.parametrize("text", params(written("sql")))
async def test_a_statement_runs_as_on_calls_login(on_call: Connection, text: str) -> None:
    """Executed, and rolled back."""
    statements = [one.strip() for one in re.sub(r"--.*", "", text).split(";") if one.strip()]
    trial = on_call.transaction()
    await trial.start()
    try:
        for statement in statements:
            await on_call.execute(statement)
    finally:
        await trial.rollback()


async def test_on_call_sees_and_changes_rows_under_row_level_security(
    on_call: Connection,
) -> None:
    trial = on_call.transaction()
    await trial.start()
    try:
        await on_call.execute("insert into analysis.plans (plan, max_running, weight) values ('seen', 1, 1)")
        changed = await on_call.execute("update analysis.plans set is_paused = true where plan = 'seen'")
        assert changed == "UPDATE 1"
        assert await on_call.fetchval("select is_paused from analysis.plans where plan = 'seen'")
    finally:
        await trial.rollback()


async def test_on_call_sees_what_other_sessions_run(on_call: Connection, module_database: Database) -> None:
    other = await asyncpg.connect(module_database.url("credits_service"))
    try:
        pid = await other.fetchval("select pg_backend_pid()")
        query = await on_call.fetchval("select query from pg_stat_activity where pid = $1", pid)
        assert query == "select pg_backend_pid()"
    finally:
        await other.close()


# Columns by their names: of people, of what customers and profiles say, and of secrets.
_PERSONAL: Final = re.compile(
    r"username|full_name|email|mailbox|phone|biography|^name$|^context$|^item$|^answers?$|^draft$|^result$|^rejected$|^body$|payload"
    r"|^url$|_url$|description|metadata|secret|token|hash|hmac|digest|^network$|mail_host|inner_key|outer_key"
)
# Of models of suppliers.
_NOT_PERSONAL: Final = {"input_tokens", "cached_tokens", "output_tokens"}
_MODELS: Final = "analysis.models.name"
_READABLE: Final = """
select c.oid::regclass || '.' || a.attname as name, a.attname as column from pg_class c
  join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
 where n.nspname not in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v', 'm', 'p') and not a.attisdropped
   and has_schema_privilege('oslira_operator', n.oid, 'usage')
   and has_column_privilege('oslira_operator', c.oid, a.attnum, 'select')
"""


async def test_on_call_reads_no_personal_text_and_no_secret(on_call: Connection) -> None:
    rows = await on_call.fetch(_READABLE)
    assert len(rows) > 300  # it did look at something
    found = [
        row["name"] for row in rows if _PERSONAL.search(row["column"]) and row["column"] not in _NOT_PERSONAL
    ]
    assert found == [_MODELS]


async def test_on_call_moves_no_credits(on_call: Connection) -> None:
    for statement in (
        "update credits.balances set amount = amount + 1",
        "insert into billing.manual_plans (account_id, plan) values (gen_random_uuid(), 'pro')",
        "select public.deduct_credits(gen_random_uuid(), 1, 'x', 'y')",
        "update analysis.runs set state = 'completed'",
        "set role credits_owner",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await on_call.execute(statement)


def workloads() -> set[str]:
    """`deploy/analysis` and so on, from the base of the manifests."""
    found: set[str] = set()
    for path in (ROOT / "deploy/k8s/base").rglob("*.yaml"):
        for one in yaml.safe_load_all(path.read_text()):
            if isinstance(one, dict) and "metadata" in one:
                found.add(f"{str(one['kind']).lower()}/{one['metadata']['name']}")
    return found


def admin_routes() -> set[tuple[str, str]]:
    """(method, path) of the operators' routes, as their handlers are declared."""
    found: set[tuple[str, str]] = set()
    for path in (ROOT / "services/gateway/oslira_gateway").rglob("*_routes.py"):
        for method, route in re.findall(r"@(get|post)\(\"(/[^\"]*)\"", path.read_text()):
            found.add((method.upper(), f"/v1/admin{re.sub(r'{[^}]*}', '{}', route)}"))
    return found


def as_route(address: str) -> str:
    path = address.partition("?")[0]
    path = re.sub(r"(?<=/)([0-9a-f-]{36}|\d+|\$?[A-Z_]+)(?=/|$)", "{}", path)
    return re.sub(r"(?<=/jobs/)[\w-]+", "{}", path)


@pytest.mark.parametrize("line", params(command_lines()))
def test_a_command_names_what_exists(line: str) -> None:
    words = shlex.split(line, comments=True)
    assert words[0] in _COMMANDS, "on-call has kubectl, psql, curl (`admin`) and nats, and no local stack"
    if words[0] == "admin":
        method, address = words[1:3]
        assert (method, as_route(address)) in admin_routes()
        if job := re.search(r"/jobs/([\w-]+)", address):
            assert job[1] in {one.name for one in JOBS}
            assert words[3:] == ["{}"], "the route takes a body"
    elif words[0] == "oslira":
        parse(words[1:])
    elif words[0] == "kubectl":
        verb = next(word for word in words[1:] if word in _VERBS)
        assert verb
        named = [
            word.replace("deploy/", "deployment/") for word in words if re.fullmatch(r"deploy/[a-z]+", word)
        ]
        assert set(named) <= workloads()


def command_line() -> Any:
    return typer.main.get_command(build_app())


def parse(words: list[str]) -> None:
    """By the command's own parser, without running anything. Raises a usage error."""
    command = command_line()
    context = command.context_class(command, info_name="oslira")
    while isinstance(command, typer.core.TyperGroup):
        _, command, words = command.resolve_command(context, words)
        assert command is not None
        context = command.context_class(command, parent=context)
    command.parse_args(context, words)


def spoken_of() -> list[Any]:
    """Commands in sentences, such as `oslira failed replay ID`."""
    pages = [*PAGES, *(DOCS / "architecture").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    found = {
        (page.stem, line) for page in pages for line in re.findall(r"`oslira ([^`]+)`", page.read_text())
    }
    return [pytest.param(line, id=f"{stem}-{line}") for stem, line in sorted(found)]


@pytest.mark.parametrize("line", spoken_of())
def test_a_command_in_a_sentence_is_one_of_the_oslira_command(line: str) -> None:
    command = command_line()
    for word in re.findall(r"^[a-z-]+(?: [a-z-]+)?", line)[0].split():
        if not isinstance(command, typer.core.TyperGroup):
            break
        assert word in command.commands, line
        command = command.commands[word]


def metrics() -> str:
    page = (DOCS / "architecture/observability.md").read_text()
    return page + (ROOT / "deploy/observability/prometheus/recording.yml").read_text()


@pytest.mark.parametrize("text", params(written("promql")))
def test_a_query_asks_for_metrics_that_exist(text: str) -> None:
    known = metrics()
    bare = re.sub(r'"[^"]*"', '""', text)
    named = re.findall(r"\b(?:oslira_|[a-z]+:)[a-z0-9_:]+", bare)
    others = set(re.findall(r"\b(?:pg|nats|kubelet|certmanager)_[a-z0-9_]+", bare))
    assert others <= EXPORTED_BY.keys()
    assert named or others or "up{" in text
    for name in named:
        assert re.sub(r"_(bucket|count|sum)$", "", name) in known or name in known, name


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_log_lines_and_other_runbooks_exist(page: Path) -> None:
    text = page.read_text()
    named = [
        name
        for names in re.findall(r"- Log lines of [\w ]+: ([^.]+)\.?", text)
        for name in re.findall(r"`(\w+)`", names)
    ]
    for name in named:
        assert f'"{name}"' in sources(), f"{page.stem}: no process logs {name}"
    alerts = {one.stem for one in RUNBOOKS}
    missing = set(re.findall(r"(?<![`\w])((?:[A-Z][a-z]+){2,})(?![`\w])", text)) - alerts - _NO_ALERTS
    assert missing == set()


_NO_ALERTS: Final = frozenset({"NetworkPolicy", "CronJob", "CronJobs", "OpenAI", "JetStream"})
_TEXTS: Final[list[str]] = []


def sources() -> str:
    if not _TEXTS:
        folders = (ROOT / "libs/shared", ROOT / "services")
        _TEXTS.append(
            "\n".join(
                path.read_text()
                for folder in folders
                for path in folder.rglob("*.py")
                if "tests" not in path.parts
            )
        )
    return _TEXTS[0]

"""What a runbook tells on-call to run works where on-call stands: in production, with psql, kubectl, curl and PromQL.

SQL is planned on a provisioned database as the role it names; routes, jobs, deployments, metrics, log lines exist.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import typer.core
import typer.main
import yaml
from oslira_cli.main import build_app
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.databases import Database
from oslira_shared.contracts.scheduler.v1 import JOBS
from repository import DOCS, ROOT

RUNBOOKS: Final = sorted((DOCS / "runbooks").glob("*.md"))
PAGES: Final = [*RUNBOOKS, DOCS / "architecture/operations.md"]
_BLOCK: Final = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_AS_ADMINISTRATOR: Final = "-- as the server's administrator\n"
_SET_ROLE: Final = re.compile(r"set role (analysis|billing|credits|identity)_owner")
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


def blocks(page: Path, kind: str) -> Iterator[str]:
    for found, text in _BLOCK.findall(page.read_text()):
        if found == kind:
            yield re.sub(r"^  ", "", text, flags=re.MULTILINE)


def written(kind: str) -> list[Any]:
    return [
        pytest.param(text, id=f"{page.stem}-{number}")
        for page in PAGES
        for number, text in enumerate(blocks(page, kind))
    ]


@pytest.mark.parametrize("text", written("sql"))
async def test_a_statement_can_be_planned_by_the_role_that_on_call_has(
    module_database: Database, text: str
) -> None:
    as_administrator = text.startswith(_AS_ADMINISTRATOR)
    connection = await asyncpg.connect(
        module_database.url(SUPERUSER) if as_administrator else module_database.admin_url
    )
    try:
        statements = [one.strip() for one in re.sub(r"--.*", "", text).split(";") if one.strip()]
        assert as_administrator or _SET_ROLE.fullmatch(statements[0]), "the migrator sees no table by itself"
        for statement in statements:
            is_role = _SET_ROLE.fullmatch(statement) is not None
            await connection.execute(statement if is_role else f"explain {statement}")
    finally:
        await connection.close()


async def test_the_role_that_on_call_takes_sees_rows_under_row_level_security(
    module_database: Database,
) -> None:
    connection = await asyncpg.connect(module_database.admin_url)
    try:
        await connection.execute("set role analysis_owner")
        await connection.execute(
            "insert into analysis.plans (plan, max_running, weight) values ('seen', 1, 1)"
        )
        assert await connection.fetchval("select count(*) from analysis.plans where plan = 'seen'") == 1
    finally:
        await connection.close()


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
    path = re.sub(r"(?<=/)([0-9a-f-]{36}|\$?[A-Z_]+)(?=/|$)", "{}", path)
    return re.sub(r"(?<=/jobs/)[\w-]+", "{}", path)


def commands() -> list[Any]:
    return [
        pytest.param(line.strip(), id=f"{page.stem}-{number}")
        for page in PAGES
        for text in blocks(page, "sh")
        for number, line in enumerate(text.replace("\\\n", " ").replace(" && ", "\n").splitlines())
        if line.strip() and not line.lstrip().startswith(("#", "N=", "admin()", "read ", "export "))
    ]


@pytest.mark.parametrize("line", commands())
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


@pytest.mark.parametrize("text", written("promql"))
def test_a_query_asks_for_metrics_that_exist(text: str) -> None:
    known = metrics()
    named = re.findall(r"\b(?:oslira_|[a-z]+:)[a-z0-9_:]+", re.sub(r'"[^"]*"', '""', text))
    assert named or "up{" in text
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


_NO_ALERTS: Final = frozenset({"NetworkPolicy", "CronJob", "CronJobs", "OpenAI"})
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

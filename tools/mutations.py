"""Removes one guard at a time, in a copy of the tree, and checks that a named test fails.

`.venv/bin/python tools/mutations.py [--quick] [word of a mutation …]` works on a copy of what is committed; each mutation is
one replacement, and it is an error if its text no longer exists. Exits 1 if a test stays green. Those marked `servers` start
Postgres or the whole stack; `--quick` skips them.
"""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent
_GATEWAY: Final = "services/gateway/oslira_gateway"
_UNIT: Final = "services/gateway/tests/unit"
_OBSERVABILITY: Final = "libs/shared/oslira_shared/observability"
_SHARED_UNIT: Final = "libs/shared/tests/unit"
_CATALOGUE: Final = "libs/shared/tests/integration/test_catalogue.py"
_CROSS_TENANT: Final = "tests/e2e/test_cross_tenant.py::test_no_endpoint_takes_another_accounts_ids"


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` becomes `new` in `file`; `test` has to fail."""

    what: str
    file: str
    old: str
    new: str
    test: str
    servers: bool = False


MUTATIONS: Final = (
    Mutation(
        "the list of algorithms a token may have",
        f"{_GATEWAY}/identity/decode.py",
        "algorithms=[algorithm],",
        'algorithms=["HS256", "HS384", "HS512", "RS256", "ES256"],',
        f"{_UNIT}/test_jwks.py::test_key_and_algorithm_belong_together",
    ),
    Mutation(
        "that an account is one of the user's",
        f"{_GATEWAY}/identity/choose_account.py",
        "if membership.account_id == account_id:",
        "if membership:",
        f"{_UNIT}/test_identity.py::test_another_account_is_not_found",
    ),
    Mutation(
        "that the account of a path is one of the user's",
        f"{_GATEWAY}/http/auth.py",
        'member = choose_account(caller, memberships, wanted=connection.path_params["account_id"])',
        "pass",
        f"{_UNIT}/test_permissions.py::test_the_account_in_the_path_is_one_of_the_users_own",
    ),
    Mutation(
        "what a role may do",
        f"{_GATEWAY}/http/auth.py",
        "require(member, handler.opt.get(NEEDS, Action.USE_ACCOUNT))",
        "pass",
        f"{_UNIT}/test_permissions.py::test_a_route_is_for_the_roles_that_may",
    ),
    Mutation(
        "which run a ticket is for",
        f"{_GATEWAY}/streams/tickets.py",
        "is_other = thing_id is not None and UUID(thing) != thing_id",
        "is_other = False",
        f"{_UNIT}/streams/test_tickets.py::test_a_ticket_opens_no_other_run",
    ),
    Mutation(
        "a ticket's signature",
        f"{_GATEWAY}/streams/tickets.py",
        "if not hmac.compare_digest(signature, self._sign(payload)):",
        "if not signature:",
        f"{_UNIT}/streams/test_tickets.py::test_a_ticket_signed_with_another_secret_is_refused",
    ),
    Mutation(
        "whose list a cursor continues",
        f"{_GATEWAY}/leads/cursors.py",
        "[account_id.hex, search.identity]",
        "[search.identity]",
        f"{_UNIT}/leads/test_lead_pages.py::test_a_cursor_is_good_for_its_own_list_alone",
    ),
    Mutation(
        "the index of leads by score",
        "services/analysis/migrations/0002_results.sql",
        "create index leads_by_score on analysis.leads (account_id, latest_score, id) where deleted_at is null;",
        "",
        _CATALOGUE,
        servers=True,
    ),
    Mutation(
        "the users' policy on leads and runs",
        "libs/shared/oslira_shared/postgres/migrations/roles/0002_platform.sql",
        "execute format('create policy members_read on %s for select to authenticated",
        "perform format('%s",
        _CATALOGUE,
        servers=True,
    ),
    Mutation(
        "the account in the query for one lead",
        f"{_GATEWAY}/leads/postgres.py",
        "where id = $1 and account_id = $2 and deleted_at is null",
        "where id = $1 and $2::uuid is not null and deleted_at is null",
        _CROSS_TENANT,
        servers=True,
    ),
    Mutation(
        "that a run's trace is its own, whatever led to it",
        f"{_OBSERVABILITY}/trace.py",
        "return here if here is not None and here.trace_id == row_id.hex else of_row(row_id)",
        "return here if here is not None else of_row(row_id)",
        f"{_SHARED_UNIT}/test_trace.py::test_a_sweep_without_headers_and_another_runs_end_lead_into_the_runs_own_trace",
    ),
    Mutation(
        "that Sentry receives an incident once",
        f"{_OBSERVABILITY}/sentry.py",
        "if not rate.allows(kind):",
        "if False:",
        f"{_SHARED_UNIT}/test_sentry.py::test_what_a_person_must_act_on_is_sent_once_and_outages_are_not",
    ),
    Mutation(
        "that Sentry receives no outage",
        f"{_OBSERVABILITY}/sentry.py",
        'if is_passing(error) or (line.get("code") or "internal") in _PASSING_CODES:',
        "if False:",
        f"{_SHARED_UNIT}/test_sentry.py::test_what_a_person_must_act_on_is_sent_once_and_outages_are_not",
    ),
)


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    words = [one for one in arguments if not one.startswith("--")]
    chosen = [
        one for one in MUTATIONS if not (quick and one.servers) and all(word in one.what for word in words)
    ]
    green = 0
    with tempfile.TemporaryDirectory(prefix="oslira-mutations-") as scratch:
        tree = Path(scratch) / "tree"
        _run("git", "worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
        try:
            for one in chosen:
                is_noticed = _is_noticed(one, tree)
                green += not is_noticed
                print(f"{'noticed' if is_noticed else 'NOT NOTICED':12} {one.what:55} {one.test}", flush=True)
        finally:
            _run("git", "worktree", "remove", "--force", str(tree))
    print(f"{len(chosen) - green} of {len(chosen)} noticed")
    return 1 if green or not chosen else 0


def _is_noticed(one: Mutation, tree: Path) -> bool:
    file = tree / one.file
    before = file.read_text()
    if before.count(one.old) != 1:
        raise SystemExit(f"{one.what}: its text stands {before.count(one.old)} times in {one.file}")
    file.write_text(before.replace(one.old, one.new))
    try:
        return _fails(one.test, tree)
    finally:
        file.write_text(before)


def _fails(test: str, tree: Path) -> bool:
    """Whether a test failed. No collected test, or a failed import, does not count."""
    packages = [str(path) for path in (*tree.glob("libs/*"), *tree.glob("services/*")) if path.is_dir()]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-m",
        "not campaign",
        "-p",
        "no:cacheprovider",
        test,
    ]
    ended = subprocess.run(
        command,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(packages), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode not in {0, 1}:
        raise SystemExit(f"{test} could not be run:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")
    return ended.returncode == 1


def _run(*command: str) -> None:
    subprocess.run(command, cwd=_ROOT, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

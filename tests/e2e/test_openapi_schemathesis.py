"""The whole document, fuzzed with all checks and by its links: no 5xx, no undocumented status, no answer outside its schema."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from oslira_devstack.stack import Stack
from people import person

_FUZZ = Path(__file__).parent.parent / "support" / "fuzz"
_SEED = 20_261_122


_GENERATED = re.compile(r"(\d+) generated")


async def fuzz(stack: Stack, scratch: Path, *, max_examples: int, phases: str) -> tuple[int, int, str]:
    """(exit code, requests made, what it printed)."""
    async with person(stack, available_credits=5_000) as user:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(_FUZZ / "schemathesis.toml"), "--no-color"),
            *("run", f"{stack.gateway_url}/schema/openapi.json", "--checks", "all", "--phases", phases),
            *("--header", f"Authorization: Bearer {user.who.token}"),
            # It ends the token that all other requests are made with.
            *("--exclude-operation-id", "signOut"),
            *("--max-examples", str(max_examples), "--seed", str(_SEED)),
            cwd=scratch,
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": str(_FUZZ / "hooks.py"),
                "FUZZ_ACCOUNT_ID": str(user.who.account_id),
                "FUZZ_BUSINESS_PROFILE_ID": str(user.who.business_profile_id),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await process.communicate())[0].decode()
    made = sum(int(number) for number in _GENERATED.findall(output))
    return process.returncode or 0, made, output


async def test_the_document_holds_for_a_few_requests_to_each_operation(stack: Stack, tmp_path: Path) -> None:
    code, made, output = await fuzz(stack, tmp_path, max_examples=1, phases="fuzzing,stateful")
    assert code == 0, output
    assert made >= 90


@pytest.mark.campaign
async def test_the_document_holds_for_five_thousand_requests(stack: Stack, tmp_path: Path) -> None:
    code, made, output = await fuzz(
        stack, tmp_path, max_examples=60, phases="examples,coverage,fuzzing,stateful"
    )
    print(f"schemathesis: {made} requests\n{output[-800:]}")  # noqa: T201  # the campaign's value
    assert code == 0, output
    assert made >= 5_000

import asyncpg
import pytest
from oslira_shared.postgres.again import despite_conflicts


class Statement:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.runs = 0

    async def __call__(self) -> str:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


async def test_what_was_rolled_back_for_another_transaction_is_run_again() -> None:
    statement = Statement(asyncpg.DeadlockDetectedError(), asyncpg.SerializationError())
    assert await despite_conflicts(statement, name="test") == "done"
    assert statement.runs == 3


async def test_it_gives_up_after_five_tries() -> None:
    statement = Statement(*[asyncpg.DeadlockDetectedError()] * 9)
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await despite_conflicts(statement, name="test")
    assert statement.runs == 5


async def test_any_other_error_is_raised_at_once() -> None:
    statement = Statement(ConnectionResetError())
    with pytest.raises(ConnectionResetError):
        await despite_conflicts(statement, name="test")
    assert statement.runs == 1

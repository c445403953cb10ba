"""How a command ends: one exit status for each kind of failure, and one line on stderr. The table is in the README too."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum

import typer

from oslira_cli.extensions import NoDeployment


class Exit(IntEnum):
    """The exit statuses of all commands."""

    DONE = 0
    FAILED = 1  # it was done and the result is bad: a failed run, a difference, a step of smoke
    USAGE = 2  # wrong arguments, or the deployment or its credentials are unknown
    REFUSED = 3  # the deployment refused the request: 4xx
    UNREACHABLE = 4  # no answer, or 5xx
    UNFINISHED = 5  # not finished in time; the work may go on
    INTERRUPTED = 130  # Ctrl-C; the work goes on


class Unfinished(Exception):  # noqa: N818
    """What was ordered did not finish in time; the message says what to do."""


_SERVER_ERROR = 500


@contextmanager
def exits_on_failure() -> Generator[None]:
    """Ends the command with the status and one line for every failure that is expected."""
    import httpx  # noqa: PLC0415  # slow
    from oslira_client import ApiError  # noqa: PLC0415

    try:
        yield
    except NoDeployment as error:
        raise fail(str(error), status=Exit.USAGE) from None
    except ApiError as error:
        is_away = error.status >= _SERVER_ERROR
        raise fail(str(error), status=Exit.UNREACHABLE if is_away else Exit.REFUSED) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = f"the deployment can't be reached: {error or type(error).__name__}"
        raise fail(reason, status=Exit.UNREACHABLE) from None
    except Unfinished as error:
        raise fail(str(error), status=Exit.UNFINISHED) from None


def fail(reason: str, *, status: Exit = Exit.FAILED) -> typer.Exit:
    """To be raised."""
    print(f"oslira: {reason}", file=sys.stderr)
    return typer.Exit(int(status))

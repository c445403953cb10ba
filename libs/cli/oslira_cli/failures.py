"""How a command ends when it can't do its work: one line on stderr, and an exit status."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import typer

from oslira_cli.extensions import NoDeployment

FAILED: Final = 1
USAGE: Final = 2


@contextmanager
def exits_on_failure() -> Generator[None]:
    """2 when the deployment is unknown or the arguments are wrong, 1 when the deployment rejects or is unreachable."""
    import httpx  # noqa: PLC0415  # slow
    from oslira_client import ApiError  # noqa: PLC0415

    try:
        yield
    except NoDeployment as error:
        raise fail(str(error), status=USAGE) from None
    except ApiError as error:
        raise fail(str(error)) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise fail(f"the deployment can't be reached: {error or type(error).__name__}") from None


def fail(reason: str, *, status: int = FAILED) -> typer.Exit:
    """To be raised."""
    print(f"oslira: {reason}", file=sys.stderr)
    return typer.Exit(status)

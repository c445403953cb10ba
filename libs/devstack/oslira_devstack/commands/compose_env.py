"""`oslira compose-env`: the secrets of the containers on this machine."""

from pathlib import Path
from typing import Annotated

import typer


def compose_env(
    directory: Annotated[
        Path, typer.Option("--directory", help="Where docker-compose.yml lies.", file_okay=False, exists=True)
    ] = Path(),
) -> None:
    """Write .env and .oslira/compose/ for `docker compose`: random development secrets, kept when it is run again.

    A real provider key in the environment (APIFY_TOKEN, OPENAI_API_KEY, ANTHROPIC_API_KEY, STRIPE_SECRET_KEY) is written too, and
    switches that provider to the real one.
    """
    from oslira_devstack import compose  # noqa: PLC0415
    from oslira_devstack.commands.run import refusing  # noqa: PLC0415

    with refusing():
        for path in compose.write(directory):
            print(f"wrote {path}")
    print("next: docker compose up --build --wait")

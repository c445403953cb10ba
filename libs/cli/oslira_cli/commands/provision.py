"""`oslira provision`: migrations and the bus's topology, against the servers that the environment names."""

import typer


def provision() -> None:
    """Bring DATABASE_ADMIN_URL's schemas and NATS_URL's streams up to date (whichever of the two is set)."""
    from oslira_shared.provision import main  # noqa: PLC0415

    raise typer.Exit(main())

"""`oslira doctor`: whether a stack can run here, and whether the one that runs is well."""

import os

import typer
from oslira_cli.failures import Exit


def doctor() -> None:
    """Look at Python, wheels, folder, disk and ports; of a running stack, at each process. Exits 1 if something is wrong."""
    from oslira_devstack.datadir import DataDirectory, default_path  # noqa: PLC0415
    from oslira_devstack.doctor import examine  # noqa: PLC0415

    gateway = int(os.environ.get("OSLIRA_PORT") or 8080)
    billing = int(os.environ.get("OSLIRA_BILLING_PORT") or gateway + 1)
    findings = list(examine(DataDirectory(default_path()), gateway_port=gateway, billing_port=billing))
    for one in findings:
        print(f"{'ok' if one.advice is None else 'BAD':4}{one.what:16}{one.detail}")
        if one.advice is not None:
            print(f"    {'':16}{one.advice}")
    raise typer.Exit(Exit.FAILED if any(one.advice for one in findings) else Exit.DONE)

"""The `oslira` command. One file per subcommand in commands/; installed extensions add others."""

import os
import sys
from importlib import metadata
from typing import Annotated

import typer

from oslira_cli import extensions
from oslira_cli.commands import (
    analyze,
    audit,
    bulk,
    erase,
    failed,
    import_,
    insights,
    nats_config,
    operator_token,
    provision,
    reconcile,
    runs,
    smoke,
    tick,
)
from oslira_cli.extensions import Extension


def _show_version(value: bool) -> None:  # noqa: FBT001  # typer's callback
    if value:
        try:
            found = metadata.version("oslira-cli")
        except metadata.PackageNotFoundError:  # in an image packages are copied
            found = os.environ.get("OSLIRA_VERSION") or "of an image without a version"
        print(f"oslira {found}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The commands of this package, and of the extensions in use."""
    app = typer.Typer(
        name="oslira",
        help="Use and operate Oslira: the stack on this machine, or any deployment by --url and --token.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    app.command("analyze")(analyze.analyze)
    app.command("bulk")(bulk.bulk)
    app.command("runs")(runs.runs)
    app.command("cancel")(runs.cancel)
    app.command("insights")(insights.insights)
    app.add_typer(failed.failed, name="failed")
    app.command("erase")(erase.erase)
    app.command("audit")(audit.audit)
    app.command("reconcile")(reconcile.reconcile)
    app.command("tick")(tick.tick)
    app.command("import")(import_.import_)
    app.command("smoke")(smoke.smoke)
    app.command("operator-token")(operator_token.operator_token)
    app.command("provision")(provision.provision)
    app.command("nats-config")(nats_config.nats_config)
    for extension in extensions.in_use():
        extension.add_commands(app)
    return app


def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    del version


def main(*added: Extension) -> None:
    """Entry point. `added`: extensions of an image, where packages are copied and have no entry points."""
    extensions.use(*added)
    sys.exit(build_app()())

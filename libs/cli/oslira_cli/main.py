"""The `oslira` command. One file per subcommand in commands/; installed extensions add others."""

import sys

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
    provision,
    reconcile,
    smoke,
    tick,
)
from oslira_cli.extensions import Extension


def build_app() -> typer.Typer:
    """The commands of this package, and of the extensions in use."""
    app = typer.Typer(
        name="oslira",
        help="Use and operate Oslira: the stack on this machine, or any deployment by --url and --token.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.command("analyze")(analyze.analyze)
    app.command("bulk")(bulk.bulk)
    app.command("insights")(insights.insights)
    app.add_typer(failed.failed, name="failed")
    app.command("erase")(erase.erase)
    app.command("audit")(audit.audit)
    app.command("reconcile")(reconcile.reconcile)
    app.command("tick")(tick.tick)
    app.command("import")(import_.import_)
    app.command("smoke")(smoke.smoke)
    app.command("provision")(provision.provision)
    app.command("nats-config")(nats_config.nats_config)
    for extension in extensions.in_use():
        extension.add_commands(app)
    return app


def main(*added: Extension) -> None:
    """Entry point. `added`: extensions of an image, where packages are copied and have no entry points."""
    extensions.use(*added)
    sys.exit(build_app()())

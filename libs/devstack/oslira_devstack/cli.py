"""The `oslira` command. One file per subcommand in commands/, imported only when it runs."""

import sys

import typer

from oslira_devstack.commands import (
    analyze,
    audit,
    bulk,
    compose_env,
    demo,
    erase,
    failed,
    import_,
    insights,
    nats_config,
    provision,
    smoke,
    status,
    tick,
    token,
    up,
)

app = typer.Typer(
    name="oslira",
    help="Oslira on one machine: run it, use it, look into it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("analyze")(analyze.analyze)
app.command("bulk")(bulk.bulk)
app.add_typer(failed.failed, name="failed")
app.command("erase")(erase.erase)
app.command("token")(token.token)
app.command("audit")(audit.audit)
app.command("insights")(insights.insights)
app.command("status")(status.status)
app.command("provision")(provision.provision)
app.command("nats-config")(nats_config.nats_config)
app.command("tick")(tick.tick)
app.command("import")(import_.import_)
app.command("compose-env")(compose_env.compose_env)
app.command("smoke")(smoke.smoke)


def main() -> None:
    """Entry point."""
    sys.exit(app())

"""`oslira token`: development's way to sign in."""

import asyncio
import json
import sys
from typing import Annotated

import typer


def token(
    user: Annotated[str, typer.Option(help="E-mail address; made if it is new.")] = "dev@oslira.test",
    credits_: Annotated[
        int | None, typer.Option("--credits", help="Leave the account with exactly so many.", min=0)
    ] = None,
    plan: Annotated[str | None, typer.Option(help="free, growth, pro, agency or enterprise.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="token, account_id, business_profile_id.")] = False,  # noqa: FBT002
) -> None:
    """Print a token for the running stack (development only). A new account gets 100 credits and the agency plan."""
    from oslira_shared.catalog import PLANS  # noqa: PLC0415

    from oslira_devstack.access import NoStack, find_stack  # noqa: PLC0415
    from oslira_devstack.sign_in import sign_in  # noqa: PLC0415

    if plan is not None and plan not in PLANS:
        print(f"oslira: there is no plan {plan!r}; one of {', '.join(PLANS)}", file=sys.stderr)
        raise typer.Exit(2)
    try:
        made = asyncio.run(sign_in(find_stack(), email=user, available_credits=credits_, plan=plan))
    except NoStack as error:
        print(f"oslira: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    if not as_json:
        print(made.token)
        return
    ids = {"account_id": str(made.account_id), "business_profile_id": str(made.business_profile_id)}
    print(json.dumps({"token": made.token, **ids}))

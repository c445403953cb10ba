"""No secret is in a log, a metric, an answer or a process list, also when something fails."""

import asyncio
from pathlib import Path

import httpx
import psutil
from oslira_devstack import reaper
from oslira_devstack.simulated import connect_simulators
from oslira_devstack.stack import Stack
from people import person


def _secrets(stack: Stack) -> dict[str, str]:
    made = stack.credentials
    keys = {
        f"{name} of {service}": value
        for service in ("analysis", "billing")
        for name, value in stack.providers.environment(service).items()
        if name.endswith(("_KEY", "_TOKEN", "_SECRET"))
    }
    return {
        **{f"{role}'s password": value for role, value in made.postgres.items()},
        **{f"{user}'s bus password": value for user, value in made.nats.items()},
        **{f"{user}'s seed": value for user, value in made.nkeys.items()},
        "S3's access key": made.s3_access_key,
        "S3's secret key": made.s3_secret_key,
        "JWT_SECRET": made.jwt_secret,
        **keys,
    }


async def _go_wrong(stack: Stack) -> list[str]:
    """Providers that refuse, tokens and signatures that are wrong, invalid requests; the answers."""
    answers: list[str] = []
    async with (
        person(stack, available_credits=10) as user,
        connect_simulators(stack.simulators_url) as simulators,
        httpx.AsyncClient() as http,
    ):
        for provider in ("apify", "openai", "anthropic"):
            await simulators.add_fault(provider, "status", rate=1.0, status=401, times=2)
        _, accepted = await user.analyze("secret.keeper")
        for url, headers, body in (
            (f"{stack.gateway_url}/v1/me", {"authorization": "Bearer a.b.c"}, None),
            (
                f"{stack.gateway_url}/v1/analyses",
                {"authorization": f"Bearer {stack.credentials.jwt_secret}"},
                b"{",
            ),
            (f"{stack.billing_url}/stripe/webhooks", {"stripe-signature": "t=1,v1=00"}, b"{}"),
        ):
            answer = await http.request("POST" if body else "GET", url, headers=headers, content=body)
            assert answer.is_client_error
            answers.append(answer.text)
        await simulators.clear_faults()
        answers.append(str(await user.settled(accepted["run_id"])))
    return answers


async def test_no_secret_is_in_a_log_a_metric_an_answer_or_a_process_list(stack: Stack) -> None:
    shown = {"answers": "\n".join(await _go_wrong(stack))}
    async with httpx.AsyncClient() as http:
        for name, process in stack.describe()["processes"].items():
            if name != "simulators":
                metrics = await http.get(process["url"].replace("/health/ready", "/metrics"))
                assert metrics.is_success, name
                shown[f"metrics of {name}"] = metrics.text
    logs: list[Path] = await asyncio.to_thread(lambda: sorted(stack.data.logs.glob("*.log")))
    assert {"gateway.log", "analysis.log"} <= {log.name for log in logs}
    shown |= {log.name: await asyncio.to_thread(log.read_text, errors="replace") for log in logs}
    servers = stack.servers.all()
    shown |= {f"log of {one.name}": await asyncio.to_thread(one.log_text) for one in servers}
    assert all(shown[f"log of {name}"] for name in ("nats", "postgres"))
    firsts = [psutil.Process(one.pid) for one in servers if one.pid is not None]
    processes = firsts + reaper.marked(reaper.stack_id())
    assert {"nats-server", "postgres", "weed"} <= {process.name() for process in processes}
    shown["process arguments"] = "\n".join(" ".join(process.cmdline()) for process in processes)
    assert "oslira_credits" in shown["process arguments"]
    found = [
        f"{what} in {where}"
        for where, text in shown.items()
        for what, secret in _secrets(stack).items()
        if secret in text
    ]
    assert found == []

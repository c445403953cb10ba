"""Wires analyses without an account, and the challenge that they share with trials."""

from datetime import timedelta
from typing import Any

from oslira_shared.postgres.clients import AdminClient
from oslira_shared.runtime import Runtime

from oslira_gateway.anonymous.challenges import NoChallenge, Turnstile
from oslira_gateway.anonymous.ports import Challenge
from oslira_gateway.anonymous.postgres import PostgresAllowance, PostgresAnonymousRequests
from oslira_gateway.anonymous.pseudonyms import Pseudonyms
from oslira_gateway.anonymous.request_anonymous import RequestAnonymous
from oslira_gateway.anonymous.routes import anonymous_routes
from oslira_gateway.anonymous.run_tokens import RunTokens
from oslira_gateway.runs.bus import BusHints, BusHolds
from oslira_gateway.runs.postgres_runs import PostgresRuns
from oslira_gateway.runs.request_analysis import RequestAnalysis
from oslira_gateway.settings import GatewaySettings
from oslira_gateway.streams.addresses import Addresses


def wire_anonymous(
    runtime: Runtime,
    settings: GatewaySettings,
    runs: PostgresRuns,
    addresses: Addresses,
    run_tokens: RunTokens,
    *,
    challenge: Challenge,
) -> list[Any]:
    """Analyses without an account, unless they are switched off."""
    if settings.anonymous_analyses == "off":
        return []
    service, pseudonyms = AdminClient(runtime.database), Pseudonyms(settings.token_secret)
    requests = PostgresAnonymousRequests(
        service, pseudonyms, life=timedelta(seconds=settings.anonymous_life_s)
    )
    request_anonymous = RequestAnonymous(
        RequestAnalysis(
            requests=requests, holds=BusHolds(runtime.bus), hints=BusHints(runtime.bus), stored_answers=None
        ),
        PostgresAllowance(service, pseudonyms),
        challenge,
        most_a_day=settings.anonymous_per_network,
    )
    return anonymous_routes(
        request_anonymous, runs, addresses, run_tokens, trusted_proxies=settings.trusted_proxies
    )


def wire_challenge(runtime: Runtime, settings: GatewaySettings) -> Challenge:
    """One challenge for anonymous analyses and for trials, because the same pages request both."""
    secret = settings.challenge_secret.get_secret_value() if settings.challenge_secret else ""
    challenge = (
        Turnstile(secret, url=settings.challenge_url, hostnames=settings.solved_at)
        if secret
        else NoChallenge()
    )
    runtime.on_stop(challenge.close)
    return challenge

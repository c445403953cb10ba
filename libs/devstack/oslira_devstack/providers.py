"""Which provider is real. A real key in the developer's environment switches that provider to the real one."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oslira_shared.catalog import PACKS, PLANS, SIGN_UP_PLAN
from oslira_shared.settings import DEVELOPMENT_MARK

from oslira_devstack.credentials import Credentials


@dataclass(frozen=True, slots=True)
class _Provider:
    """`key` in the environment makes it real. `path` is below the simulators' root; `also` comes with a real key."""

    service: str
    key: str
    base_url: str
    path: str
    also: tuple[str, ...] = ()


_PROVIDERS: Final[Mapping[str, _Provider]] = {
    "apify": _Provider("analysis", "APIFY_TOKEN", "APIFY_API_URL", "/apify"),
    "openai": _Provider("analysis", "OPENAI_API_KEY", "OPENAI_BASE_URL", "/openai/v1", ("AI_GATEWAY_URL",)),
    "anthropic": _Provider(
        "analysis", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "/anthropic", ("AI_GATEWAY_URL",)
    ),
    "stripe": _Provider(
        "billing", "STRIPE_SECRET_KEY", "STRIPE_API_BASE", "/stripe", ("STRIPE_WEBHOOK_SECRET",)
    ),
    "turnstile": _Provider("gateway", "CHALLENGE_SECRET", "CHALLENGE_URL", "/turnstile/siteverify"),
}


@dataclass(frozen=True, slots=True)
class Providers:
    """`real` names the providers whose own keys are used; the others are the simulators at `simulators_url`."""

    real: frozenset[str]
    simulators_url: str
    stripe_webhook_secret: str

    def environment(self, service: str) -> dict[str, str]:
        """The provider variables of one service; of providers it does not call, nothing."""
        variables: dict[str, str] = {}
        for name, provider in _PROVIDERS.items():
            if provider.service != service:
                continue
            if name in self.real:
                given = (provider.key, provider.base_url, *provider.also)
                variables |= {n: os.environ[n] for n in given if n in os.environ}
            else:
                variables |= {
                    provider.key: _development_key(name),
                    provider.base_url: self.simulators_url + provider.path,
                }
        if service == "billing":
            variables.setdefault("STRIPE_WEBHOOK_SECRET", self.stripe_webhook_secret)
            variables.setdefault("STRIPE_PRICES", json.dumps(development_prices()))
        return variables

    def describe(self) -> dict[str, str]:
        """Provider → `real` or `simulated`."""
        return {name: "real" if name in self.real else "simulated" for name in _PROVIDERS}


def choose(credentials: Credentials, *, simulators_url: str, allow_real: bool) -> Providers:
    """Real where its key is in the environment and `allow_real`; tests never allow it, since real calls cost money."""
    real = frozenset(name for name, p in _PROVIDERS.items() if allow_real and os.environ.get(p.key))
    return Providers(
        real=real,
        simulators_url=simulators_url,
        stripe_webhook_secret=credentials.stripe_webhook_secret,
    )


def development_prices() -> dict[str, dict[str, str]]:
    """Stripe price id → what it sells, in the form of STRIPE_PRICES: a monthly and a yearly price a plan, one a pack."""
    paid = [plan for plan in PLANS if plan != SIGN_UP_PLAN]
    months = {f"price_dev_{plan}": {"plan": plan, "interval": "month"} for plan in paid}
    years = {f"price_{plan}_year": {"plan": plan, "interval": "year"} for plan in paid}
    return months | years | {f"price_dev_{pack}": {"pack": pack} for pack in PACKS}


def _development_key(provider: str) -> str:
    # Settings refuse the mark outside development. Stripe's keys say by their prefix that they are of the test mode.
    return ("sk_test_" if provider == "stripe" else "") + f"{DEVELOPMENT_MARK}{provider}"

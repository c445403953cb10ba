"""Cloudflare's AI Gateway in front of both providers: its URL, its headers, and whether it answered from its cache."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from oslira_shared.secrets import Secret

from oslira_analysis.application.model_ports import Question


@dataclass(frozen=True, slots=True)
class AIGateway:
    """`root` is `https://gateway.ai.cloudflare.com/v1/<account>/<gateway>`; `token` for an authenticated gateway.

    `cache_ttl_s`: how long it may answer the same request of the same account from its cache; 0 turns that off.
    """

    root: str
    token: Secret
    cache_ttl_s: int

    def base_url(self, provider: str) -> str:
        """The base URL for an SDK, instead of the provider's own."""
        return f"{self.root.rstrip('/')}/{provider}"

    def headers(self, question: Question) -> dict[str, str]:
        """Headers of one request. Payloads are not logged, because they contain personal data and a business's plans."""
        run = question.run
        metadata = {  # at most five, flat
            "run": str(run.run_id),
            "account": str(run.account_id),
            "type": run.type,
            "call": question.call.name,
            "prompt": question.prompt.version,
        }
        headers = {
            "cf-aig-metadata": json.dumps(metadata),
            "cf-aig-collect-log-payload": "false",
            "cf-aig-cache-ttl": str(self.cache_ttl_s),
            "cf-aig-cache-key": _cache_key(question),
            "cf-aig-skip-cache": "false" if self.cache_ttl_s else "true",
        }
        return headers | self.login_headers()

    def login_headers(self) -> dict[str, str]:
        """Headers of any request, for an authenticated gateway."""
        token = self.token()
        return {"cf-aig-authorization": f"Bearer {token}"} if token else {}


def is_hit(headers: Mapping[str, Any]) -> bool:
    """The gateway answered from its cache: the usage in it was paid for before."""
    return str(headers.get("cf-aig-cache-status", "")).upper() == "HIT"


def _cache_key(question: Question) -> str:
    """The cache key. Never shared between tenants or prompt versions, or with a repair request."""
    prompt = question.prompt
    parts = [asdict(question.choice), question.call.name, prompt.system, prompt.user, question.fault]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"{question.run.account_id}:{prompt.version}:{digest}"

"""Cloudflare's AI Gateway before both providers: where it is, what it is told, and whether it answered by itself."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from oslira_shared.secrets import Secret

from oslira_analysis.application.model_ports import Question


@dataclass(frozen=True, slots=True)
class AIGateway:
    """`root` is `https://gateway.ai.cloudflare.com/v1/<account>/<gateway>`; `token` for one that asks for it.

    `cache_ttl_s`: how long it may answer the same request of the same account by itself; 0 turns that off.
    """

    root: str
    token: Secret
    cache_ttl_s: int

    def base_url(self, provider: str) -> str:
        """What an SDK is given in place of the provider's own address."""
        return f"{self.root.rstrip('/')}/{provider}"

    def headers(self, question: Question) -> dict[str, str]:
        """Of one request. Payloads are not logged: they hold people's profiles and a business's plans."""
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
        """Of any request, for a gateway that asks who we are."""
        token = self.token()
        return {"cf-aig-authorization": f"Bearer {token}"} if token else {}


def is_hit(headers: Mapping[str, Any]) -> bool:
    """The gateway answered from its cache: the usage in it was paid for before."""
    return str(headers.get("cf-aig-cache-status", "")).upper() == "HIT"


def _cache_key(question: Question) -> str:
    """Never shared between tenants or prompt versions, and not with a request for a repair."""
    prompt = question.prompt
    parts = [asdict(question.choice), question.call.name, prompt.system, prompt.user, question.fault]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"{question.run.account_id}:{prompt.version}:{digest}"

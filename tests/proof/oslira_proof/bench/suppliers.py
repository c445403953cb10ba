"""The outside calls of one light analysis, as bare as the SDKs allow: for what Oslira is compared with."""

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from oslira_analysis.domain.results.answer_schema import json_schema_strict
from oslira_analysis.domain.results.light import LightAnswer
from oslira_shared.bucket import bucket_client

_ACTOR: Final = "apify/instagram-profile-scraper"
_MODEL: Final = "gpt-4o-mini"
# As long as ours: instructions, schema and business context.
_SYSTEM: Final = "Score the profile as a sales lead. Quote evidence. " * 120


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the simulators and the bucket are."""

    simulators_url: str
    s3_url: str
    s3_bucket: str


class Suppliers:
    """Apify, the bucket and OpenAI, through the SDKs that the engine uses."""

    def __init__(self, addresses: Addresses) -> None:
        from apify_client import ApifyClientAsync  # noqa: PLC0415  # seconds of processor time: not at import
        from openai import AsyncOpenAI  # noqa: PLC0415

        url = f"{addresses.simulators_url}/apify"
        self._apify: Any = ApifyClientAsync("bench", api_url=url, api_public_url=url, max_retries=0)
        self._openai = AsyncOpenAI(
            api_key="bench", base_url=f"{addresses.simulators_url}/openai/v1", max_retries=0
        )
        self._bucket = addresses.s3_bucket
        self._s3: Any = bucket_client(addresses.s3_url)
        self._format: Any = {
            "type": "json_schema",
            "json_schema": {"name": "light", "strict": True, "schema": json_schema_strict(LightAnswer)},
        }

    async def start(self, username: str) -> str:
        """Start the actor; its run's id."""
        run = await self._apify.actor(_ACTOR).start(run_input={"usernames": [username]}, max_items=1)
        return str(run.id)

    async def scraped(self, actor_run_id: str) -> dict[str, Any]:
        """Wait for the actor's run; its first item."""
        run = await self._apify.run(actor_run_id).wait_for_finish(wait_duration=timedelta(seconds=60))
        page = await self._apify.dataset(run.default_dataset_id).list_items(limit=20)
        return page.items[0]

    async def put(self, username: str, item: dict[str, Any]) -> None:
        """Put the item into the bucket."""
        body = json.dumps(item, ensure_ascii=False).encode()
        key = f"bench/{username}.json"
        await asyncio.to_thread(self._s3.put_object, Bucket=self._bucket, Key=key, Body=body)

    async def ask(self, item: dict[str, Any]) -> dict[str, Any]:
        """One model call about the profile; the answer with its usage."""
        posts = [
            {"ref": f"post_{n}", "caption": post.get("caption")}
            for n, post in enumerate(item["latestPosts"], 1)
        ]
        shown = {"username": item["username"], "biography": item.get("biography"), "posts": posts}
        user = f"<profile_data>\n{json.dumps(shown)}\n</profile_data>"
        reply = await self._openai.chat.completions.create(
            model=_MODEL,
            messages=[{"role": "system", "content": _SYSTEM}, {"role": "user", "content": user}],
            response_format=self._format,
            max_completion_tokens=2_000,
        )
        return json.loads(reply.choices[0].message.content or "{}")

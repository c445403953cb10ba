"""The second deep run of a business reads most of its prompts' prefix from the provider's cache, and costs less."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.models.calls import calls_of
from oslira_analysis.domain.prompts.prompt import render_business
from oslira_analysis.domain.results.answer_schema import json_schema_strict
from oslira_analysis.infrastructure.models.model_prices import known_cost_nano_usd
from oslira_analysis.prompts import load_instructions
from oslira_shared.contracts.analysis.v1 import AnalysisType

from oslira_proof.promises.finding import Finding

PROMISED_SHARE = 0.5
_CHARS_PER_TOKEN = 4  # as the simulator counts
_USAGE = """
select call, provider, model, input_tokens, cached_tokens, output_tokens, cost_nano_usd
  from analysis.ai_usage_logs where run_id = $1
"""


async def compare_costs(
    analysis: "asyncpg.Connection[asyncpg.Record] | asyncpg.Pool[asyncpg.Record]",
    *,
    context: Mapping[str, Any],
    first: UUID,
    second: UUID,
) -> Finding:
    """Two completed deep runs of one business; `context` is what models receive of it."""
    before, after = [await analysis.fetch(_USAGE, run_id) for run_id in (first, second)]
    prefixes = _prefix_tokens(context)
    shares = {row["call"]: row["cached_tokens"] / prefixes[row["call"]] for row in after}
    first_usd, second_usd = (sum(row["cost_nano_usd"] for row in rows) / 1e9 for rows in (before, after))
    # The same run's, since two profiles' answers are never equally long.
    uncached_usd = sum(_uncached_nano_usd(row) for row in after) / 1e9
    return Finding(
        "second deep run of a business: cached share of the prompts' prefix",
        f"> {PROMISED_SHARE:.0%} in each call, and cheaper",
        f"{min(shares.values()):.0%} at least; {sum(row['cached_tokens'] for row in after)} tokens of "
        f"{sum(row['input_tokens'] for row in after)} cached; {second_usd:.6f} USD instead of "
        f"{uncached_usd:.6f} uncached, {1 - second_usd / uncached_usd:.0%} less (the first run's: {first_usd:.6f})",
        min(shares.values()) > PROMISED_SHARE and second_usd < uncached_usd,
        {
            "cached_share": shares,
            "first_usd": first_usd,
            "second_usd": second_usd,
            "uncached_usd": uncached_usd,
        },
    )


def _uncached_nano_usd(row: asyncpg.Record) -> int:
    return known_cost_nano_usd(
        row["provider"],
        row["model"],
        input_tokens=row["input_tokens"],
        cached_tokens=0,
        output_tokens=row["output_tokens"],
    )


def _prefix_tokens(context: Mapping[str, Any]) -> dict[str, int]:
    """By call: the schema, the instructions and the business."""
    business = render_business(BusinessContext.from_dict(dict(context)))
    return {
        call.name: (
            len(json.dumps(json_schema_strict(call.answer)))
            + len(load_instructions(call.task).text)
            + len(business)
        )
        // _CHARS_PER_TOKEN
        for call in calls_of(AnalysisType.DEEP)
    }

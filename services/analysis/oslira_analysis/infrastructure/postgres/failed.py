"""Failed runs of all accounts, for operators. Only ids, numbers and times, without profile names."""

from typing import Final

from oslira_shared.failed import FailedTable

_ITEM: Final = """
'run' as kind, id, account_id, finished_at as at, attempt as attempts, error_code as code, coalesce(error_detail, '') as detail
"""
_NEWEST: Final = f"""
select {_ITEM} from analysis.runs
 where state = 'failed' and finished_at is not null and ($2::timestamptz is null or (finished_at, id) < ($2, $3::uuid))
   and ($4::uuid is null or account_id = $4) and ($5::text is null or error_code = $5)
   and ($6::boolean is null or $6 = (error_code = any($7::text[])))
 order by finished_at desc, id desc limit $1
"""
_ONE: Final = f"select {_ITEM} from analysis.runs where id = $1 and state = 'failed'"
_KEPT: Final = """
select jsonb_build_object(
  'type', r.type, 'business_profile_id', r.business_profile_id, 'bulk_id', r.bulk_id, 'scrape_id', r.scrape_id,
  'request_id', r.request_id, 'price_credits', r.price_credits, 'settled_at', r.settled_at, 'failures', r.failures,
  'created_at', r.created_at, 'started_at', r.started_at, 'steps', r.steps,
  'can_be_replayed', r.username <> '-' and r.redact_at is null,
  'model_calls', (select coalesce(jsonb_agg(jsonb_build_object(
      'call', u.call, 'attempt', u.attempt, 'provider', u.provider, 'model', u.model, 'state', u.state,
      'input_tokens', u.input_tokens, 'output_tokens', u.output_tokens, 'cost_nano_usd', u.cost_nano_usd,
      'duration_ms', u.duration_ms, 'created_at', u.created_at) order by u.created_at), '[]')
    from analysis.ai_usage_logs u where u.run_id = r.id))
from analysis.runs r where r.id = $1
"""

FAILED_RUNS: Final = FailedTable(_NEWEST, _ONE, _KEPT, "There is no failed run of this id.")

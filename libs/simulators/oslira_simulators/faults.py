"""Faults on demand: rules that a test posts, each hitting a share of the calls that it is aimed at."""

import random
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

# Carried out on the connection or on the whole HTTP answer, for every provider.
WIRE_KINDS = frozenset(
    {
        "status",
        "timeout",
        "hang",
        "slow",
        "drip",
        "drop",
        "lost_answer",
        "cut_body",
        "truncate",
        "malformed",
    }
)
# How an actor run is refused, how it ends, and which items it holds.
APIFY_KINDS = frozenset(
    {
        "memory_limit",
        "usage_hard_limit",
        "build_missing",
        "run_failed",
        "run_timed_out",
        "aborted_by_platform",
        "run_never_ends",
        "run_missing_once",
        "error_item",
        "blocked_items",
        "other_item",
        "login_wall",
        "posts_missing",
        "empty_dataset",
    }
)
# What a model says, and in which shape its provider passes that on.
TEXT_KINDS = frozenset(
    {
        "refusal",
        "truncate",
        "malformed",
        "fenced",
        "doubled",
        "apology",
        "half_emoji",
        "nul",
        "text_numbers",
    }
)
REPLY_KINDS = frozenset({"parts", "null_content", "no_usage", "error_body_200", "insufficient_quota"})
MODEL_KINDS = TEXT_KINDS | REPLY_KINDS
PROVIDERS = frozenset({"apify", "openai", "anthropic", "stripe", "turnstile"})
ERROR_ITEMS = frozenset({"not_found", "no_items", "restricted"})
_MAX_RULES = 1_000


@dataclass(slots=True)
class Fault:
    """What happens to a call. A rule with `for_s` removes itself that many seconds after it was added.

    drop: the connection breaks before anything happened. lost_answer: the work is done and counted, then it breaks.
    cut_body: the same, in the middle of the answer's body.
    timeout: no answer, until the caller leaves or the limit. hang: the same without a limit, until the rule is gone.
    slow: the work begins `delay_s` late. drip: no work; one byte every `delay_s` (1 s) of an answer without an end,
    from its first header on where `from_head`, else after whole headers.
    status: the provider's error with that status; `retry_after_s` sends Retry-After, as a date where `retry_after_is_date`;
    `as_html` sends the page of a balancer in place of the provider's JSON; `is_done`: the work is done and counted before.
    truncate and malformed: a model's text is cut short or isn't the JSON asked for; elsewhere the HTTP body.

    Apify: memory_limit, usage_hard_limit, build_missing refuse a start. run_failed, run_timed_out, aborted_by_platform:
    how the run ends. run_never_ends: it stays `run_status` until it is aborted, which takes `delay_s`, and costs `cost_usd`.
    run_missing_once: the run can't be read for `delay_s` (5 s) after its start. error_item, blocked_items, other_item,
    login_wall, posts_missing, empty_dataset: what a run that succeeded holds.

    Models: refusal: the model declines. fenced, doubled, apology, half_emoji, nul, text_numbers: its text.
    parts, null_content, no_usage: how the provider passes it on. insufficient_quota, error_body_200: no work, an error.
    """

    id: int
    provider: str
    kind: str
    rate: float = 1.0
    status: int | None = None
    username: str | None = None
    path: str | None = None
    times: int | None = None
    error_item: str | None = None
    retry_after_s: float | None = None
    retry_after_is_date: bool = False
    as_html: bool = False
    is_done: bool = False
    from_head: bool = False
    delay_s: float | None = None
    run_status: str = "RUNNING"
    cost_usd: float = 0.0
    for_s: float | None = None
    hits: int = 0
    is_removed: bool = False
    added_at_s: float = 0.0

    @property
    def is_over(self) -> bool:
        """Removed or expired: calls that it holds are released."""
        return self.is_removed or (
            self.for_s is not None and time.monotonic() >= self.added_at_s + self.for_s
        )

    def aims_at(self, *, provider: str, method: str, path: str, username: str | None) -> bool:
        if self.provider != provider or self.times == 0 or self.is_over:
            return False
        if self.username is not None and not fnmatchcase(username or "", self.username):
            return False
        spellings = (f"{method} {path}", f"{method} /{provider}{path}")
        return self.path is None or any(fnmatchcase(text, f"*{self.path}*") for text in spellings)


class Faults:
    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._rules: dict[int, Fault] = {}
        self._next_id = 1

    def add(self, asked: dict[str, Any]) -> Fault:
        """A rule from its JSON; `path` is a glob found anywhere in `METHOD /path`. Raises ValueError."""
        if len(self._rules) >= _MAX_RULES:
            raise ValueError(f"more than {_MAX_RULES} fault rules")
        try:
            own: dict[str, Any] = {"id": self._next_id, "hits": 0, "is_removed": False}
            own["added_at_s"] = time.monotonic()
            rule = Fault(**(asked | own))
        except TypeError as error:
            raise ValueError(f"not a fault rule: {error}") from error
        _check(rule)
        self._rules[rule.id] = rule
        self._next_id += 1
        return rule

    @property
    def is_empty(self) -> bool:
        return not self._rules

    def pick(
        self, *, provider: str, method: str, path: str, username: str | None, kinds: Collection[str]
    ) -> Fault | None:
        """The first rule aimed at this call, of a kind that fits it, whose dice hit."""
        for rule in self._rules.values():
            if rule.kind not in kinds:
                continue
            if not rule.aims_at(provider=provider, method=method, path=path, username=username):
                continue
            if self._dice.random() < rule.rate:
                rule.hits += 1
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def remove(self, rule_id: int) -> None:
        if (rule := self._rules.pop(rule_id, None)) is not None:
            rule.is_removed = True

    def clear(self) -> None:
        for rule_id in list(self._rules):
            self.remove(rule_id)

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self._rules.values()]


def _check(rule: Fault) -> None:
    if rule.provider not in PROVIDERS:
        raise ValueError(f"unknown provider {rule.provider!r}")
    if rule.kind not in WIRE_KINDS | APIFY_KINDS | MODEL_KINDS:
        raise ValueError(f"unknown fault kind {rule.kind!r}")
    if not 0 <= rule.rate <= 1:
        raise ValueError("rate is from 0 to 1")
    if (rule.kind == "status") != (rule.status is not None):
        raise ValueError("a status fault, and only that, has a status")
    if rule.status is not None and not 400 <= rule.status <= 599:
        raise ValueError("status is from 400 to 599")
    if rule.run_status not in {"READY", "RUNNING"}:
        raise ValueError("run_status is READY or RUNNING")
    if any(number is not None and number < 0 for number in (rule.delay_s, rule.retry_after_s, rule.for_s)):
        raise ValueError("delay_s, retry_after_s and for_s are 0 or more")
    if rule.kind == "slow" and rule.delay_s is None:
        raise ValueError("a slow fault has a delay_s")
    if rule.error_item is not None and rule.error_item not in ERROR_ITEMS:
        raise ValueError(f"error_item is one of {sorted(ERROR_ITEMS)}")

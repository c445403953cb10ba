"""Faults on demand: rules that a test posts, each hitting a share of the calls that it is aimed at."""

import random
from collections.abc import Collection
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, cast

WIRE_KINDS = frozenset({"status", "timeout", "drop", "lost_answer", "truncate", "malformed"})
OWN_KINDS = frozenset({"truncate", "malformed", "refusal", "error_item", "run_failed"})
PROVIDERS = frozenset({"apify", "openai", "anthropic", "stripe", "turnstile"})
ERROR_ITEMS = frozenset({"not_found", "no_items", "restricted"})
_MAX_RULES = 1_000


@dataclass(slots=True)
class Fault:
    """What happens to a call.

    drop: the connection breaks before anything happened. lost_answer: the work is done and counted, then it breaks.
    timeout: no answer, until the caller leaves or the limit. status: the provider's error with that status.
    truncate and malformed: a model's text is cut short or isn't the JSON asked for; elsewhere the HTTP body.
    refusal: the model declines. error_item, run_failed: how the Apify run ends.
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
    hits: int = 0

    def aims_at(self, *, provider: str, method: str, path: str, username: str | None) -> bool:
        if self.provider != provider or self.times == 0:
            return False
        if self.username is not None and self.username != username:
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
            rule = Fault(**(asked | cast("dict[str, Any]", {"id": self._next_id, "hits": 0})))
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
        self._rules.pop(rule_id, None)

    def clear(self) -> None:
        self._rules.clear()

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self._rules.values()]


def _check(rule: Fault) -> None:
    if rule.provider not in PROVIDERS:
        raise ValueError(f"unknown provider {rule.provider!r}")
    if rule.kind not in WIRE_KINDS | OWN_KINDS:
        raise ValueError(f"unknown fault kind {rule.kind!r}")
    if not 0 <= rule.rate <= 1:
        raise ValueError("rate is from 0 to 1")
    if (rule.kind == "status") != (rule.status is not None):
        raise ValueError("a status fault, and only that, has a status")
    if rule.status is not None and not 400 <= rule.status <= 599:
        raise ValueError("status is from 400 to 599")
    if rule.error_item is not None and rule.error_item not in ERROR_ITEMS:
        raise ValueError(f"error_item is one of {sorted(ERROR_ITEMS)}")

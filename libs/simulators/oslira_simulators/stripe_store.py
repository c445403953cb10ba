"""Stripe objects in memory: what a test posts or a call creates, the newest state of each id."""

import operator
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, cast

_KEPT_OBJECTS = 50_000
_ENDED = {"canceled", "incomplete_expired"}
# Where a list's filter isn't a field of that name.
_FILTER_PATHS = {
    ("invoice", "subscription"): ("parent", "subscription_details", "subscription"),
}
_COMPARISONS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}

StripeObject = dict[str, Any]


class StripeStore:
    def __init__(self) -> None:
        self._objects: OrderedDict[str, StripeObject] = OrderedDict()
        self._undelivered: set[str] = set()

    def put(self, stored: StripeObject, *, is_delivered: bool = True) -> None:
        """An event also brings its `data.object`, which replaces the state known before. Raises ValueError."""
        object_id, kind = stored.get("id"), stored.get("object")
        if not isinstance(object_id, str) or not isinstance(kind, str):
            raise ValueError("a Stripe object has an id and an object type")  # noqa: TRY004 - one error for bad JSON
        self._objects[object_id] = stored
        self._objects.move_to_end(object_id)
        if kind == "event":
            if not is_delivered:
                self._undelivered.add(object_id)
            subject: object = stored.get("data", {}).get("object")
            if isinstance(subject, dict) and "id" in subject:
                self.put(cast("StripeObject", subject))
        while len(self._objects) > _KEPT_OBJECTS:
            oldest, _ = self._objects.popitem(last=False)
            self._undelivered.discard(oldest)

    def get(self, object_id: str, kind: str) -> StripeObject | None:
        stored = self._objects.get(object_id)
        return stored if stored is not None and stored["object"] == kind else None

    def find(
        self, kind: str, filters: Mapping[str, Any], *, after: str = "", before: str = ""
    ) -> list[StripeObject]:
        """Those that match, newest first, as Stripe lists them; `after` and `before` are ids, excluded themselves."""
        ordered = sorted(
            (stored.get("created") or 0, position, object_id)
            for position, (object_id, stored) in enumerate(self._objects.items())
            if stored["object"] == kind
        )
        ids = [object_id for _, _, object_id in reversed(ordered)]
        start = ids.index(after) + 1 if after in ids else 0
        end = ids.index(before) if before in ids else len(ids)
        found = [self._objects[object_id] for object_id in ids[start:end]]
        return [stored for stored in found if self._matches(stored, filters)]

    def expand(self, stored: StripeObject, paths: Iterable[str]) -> StripeObject:
        """A copy with the ids at these dotted paths replaced by the objects; unknown ids stay."""
        for path in paths:
            stored = self._expanded(stored, path.split("."))
        return stored

    def clear(self) -> None:
        self._objects.clear()
        self._undelivered.clear()

    def _matches(self, stored: StripeObject, filters: Mapping[str, Any]) -> bool:
        kind = stored["object"]
        if kind == "subscription" and "status" not in filters and stored.get("status") in _ENDED:
            return False
        return all(self._passes(stored, name, wanted) for name, wanted in filters.items())

    def _passes(self, stored: StripeObject, name: str, wanted: Any) -> bool:
        if name == "delivery_success":
            return (stored["id"] not in self._undelivered) == (wanted == "true")
        if name == "types":
            return stored.get("type") in wanted
        if name == "status" and wanted in {"all", "ended"}:
            return wanted == "all" or stored.get("status") in _ENDED
        if name == "created" and isinstance(wanted, dict):
            limits = cast("dict[str, str]", wanted)
            return all(
                _COMPARISONS[sign](stored.get("created") or 0, int(limit)) for sign, limit in limits.items()
            )
        found: Any = stored
        for key in _FILTER_PATHS.get((stored["object"], name), (name,)):
            found = found.get(key) if isinstance(found, dict) else None
        return _equal(found, wanted)

    def _expanded(self, value: Any, keys: list[str]) -> Any:
        if isinstance(value, list):
            return [self._expanded(part, keys) for part in cast("list[Any]", value)]
        if isinstance(value, str):
            return self._expanded(self._objects[value], keys) if value in self._objects else value
        if not keys or not isinstance(value, dict) or keys[0] not in value:
            return cast("Any", value)
        fields = cast("dict[str, Any]", value)
        return {**fields, keys[0]: self._expanded(fields[keys[0]], keys[1:])}


def _equal(found: Any, wanted: Any) -> bool:
    """A field may hold an id or the whole object; parameters are strings."""
    if isinstance(wanted, dict):
        parts = cast("dict[str, Any]", wanted)
        fields = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        return all(_equal(fields.get(name), part) for name, part in parts.items())
    if isinstance(found, dict):
        found = cast("dict[str, Any]", found).get("id")
    return str(found).lower() == wanted.lower() if isinstance(found, bool) else str(found) == wanted

"""`info` and tags of the document."""

from collections.abc import Mapping
from typing import Any, Final

INFO: Final[Mapping[str, Any]] = {
    "title": "Oslira",
    "version": "1",
    "description": (
        "Scores Instagram profiles as sales leads for a business profile of yours. An order holds its price in credits, and "
        "charges it when the analysis completes; whatever fails or is cancelled costs nothing.\n\n"
        "Every error is an `application/problem+json` document. Read its `code`; `detail` is written for people. "
        "Lists answer `items` and `next_cursor`; send the cursor back as it is. Answers and lists of values may grow within "
        "this version: ignore fields and values that you do not know."
    ),
    "contact": {"name": "Oslira"},
    "license": {"name": "Proprietary", "identifier": "LicenseRef-Proprietary"},
}
TAGS: Final[Mapping[str, str]] = {
    "accounts": "Accounts of the caller, their members and invitations.",
    "analyses": "Order analyses, follow their runs and cancel them.",
    "billing": "Buy plans and packs of credits.",
    "bulk": "Analyse a list of profiles under one hold of credits.",
    "business": "Business profiles: what leads are scored for.",
    "credits": "Balance, statement and prices.",
    "identity": "The user of the token.",
    "insights": "Metrics of the account's use.",
    "leads": "Scored profiles and their analyses.",
    "webhooks": "Endpoints that receive an event when runs and bulks end.",
}


def describe_api(document: dict[str, Any]) -> None:
    """Set `info`, and list the tags that operations use. Raises KeyError for a tag without a description."""
    used = {
        tag
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        for tag in operation.get("tags", ())
    }
    document["info"] = dict(INFO)
    document["tags"] = [{"name": tag, "description": TAGS[tag]} for tag in sorted(used)]

"""`python -m oslira_tools.asyncapi DIRECTORY`: one document for each service, in a stable order."""

import asyncio
import json
import sys
from pathlib import Path

from oslira_tools.asyncapi.document import document_of
from oslira_tools.asyncapi.operations import operations_of, require_answered
from oslira_tools.asyncapi.wiring import subscriptions_of_services


def main() -> None:
    """Write them all; whatever else is there stays."""
    directory = Path(sys.argv[1])
    subscriptions = asyncio.run(subscriptions_of_services())
    operations = {service: operations_of(service, found) for service, found in subscriptions.items()}
    require_answered(operations)
    for service, found in operations.items():
        text = json.dumps(document_of(service, found), indent=2, sort_keys=True, ensure_ascii=False)
        (directory / f"{service}.json").write_text(f"{text}\n")


if __name__ == "__main__":
    main()

"""Results in the document: the gateway returns them as stored; analysis defines their schemas."""

from collections.abc import Mapping
from typing import Any, Final

from oslira_shared.contracts.analysis.results import result_schemas

_REF: Final = "#/components/schemas/"
_RESULTS: Final[Mapping[str, dict[str, Any]]] = {
    "LeadAnalysis": {"$ref": f"{_REF}AnalysisResult"},
    "Run": {"oneOf": [{"$ref": f"{_REF}RunResult"}, {"type": "null"}]},
}


def describe_results(schemas: dict[str, Any]) -> None:
    """Set the schema of results: of analyses in a lead's history, and of runs, which can also be drafts of business profiles.

    Raises ValueError for a schema of that name which the API has already.
    """
    results = result_schemas()
    if taken := results.keys() & schemas.keys():
        raise ValueError(f"the API and analysis both have a schema {', '.join(sorted(taken))}")
    schemas.update(results)
    for name, result in _RESULTS.items():
        if name in schemas:
            schemas[name]["properties"]["result"] = result

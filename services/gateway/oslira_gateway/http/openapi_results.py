"""Results in the document: the gateway shows them as they were stored, and analysis says what is in them."""

from typing import Any

from oslira_shared.contracts.analysis.results import result_schemas


def describe_results(schemas: dict[str, Any]) -> None:
    """Say what an analysis of a lead's history holds. A run's result may also be a business profile's draft: open."""
    if (shown := schemas.get("LeadAnalysis")) is None:
        return
    results = result_schemas()
    if taken := results.keys() & schemas.keys():
        raise ValueError(f"the API and analysis both have a schema {', '.join(sorted(taken))}")
    schemas.update(results)
    shown["properties"]["result"] = {"$ref": "#/components/schemas/AnalysisResult"}

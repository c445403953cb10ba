"""`python -m oslira_analysis.describe_results`: the JSON schemas of results as they are stored, for the API's document.

They are stored in oslira_shared/contracts/analysis/results.json, because the gateway returns results and does not import this package.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.results.business_draft import DRAFT_TYPE
from oslira_analysis.domain.results.changes import Changes
from oslira_analysis.domain.results.deep import DeepResult
from oslira_analysis.domain.results.light import LightResult
from oslira_analysis.domain.results.xray import XrayResult

_REF: Final = "#/components/schemas/"
# The API published this name before the class was renamed.
_PUBLIC_NAMES: Final[Mapping[str, str]] = {"Metric": "Figure"}
# As draft_business.py writes it.
_DRAFT: Final[Mapping[str, Any]] = {
    "title": "DraftResult",
    "description": "The draft of a business profile: `business_profile` can be saved as it is.",
    "type": "object",
    "required": ["business_profile", "prompt_version", "type"],
    "properties": {
        "business_profile": {"$ref": f"{_REF}ResultBusinessContext"},
        "prompt_version": {"type": "string"},
        "type": {"const": DRAFT_TYPE, "type": "string"},
    },
}


def describe() -> dict[str, Any]:
    """Name to schema; `AnalysisResult` is any of the three, `RunResult` one of them or the draft of a business profile."""
    results = TypeAdapter(LightResult | DeepResult | XrayResult)
    changes = TypeAdapter(Changes)
    found = results.json_schema(mode="serialization")["$defs"]
    changed = changes.json_schema(mode="serialization")
    draft = TypeAdapter(BusinessContext).json_schema(mode="serialization")
    found |= {**changed.pop("$defs"), "Changes": changed, **draft.pop("$defs"), "BusinessContext": draft}
    # As Change.to_json writes it.
    found["Change"]["properties"]["delta"] = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    schemas: dict[str, Any] = {
        _public(name): {**_plain(schema), "title": _public(name)} for name, schema in found.items()
    }
    of_kind = {kind: f"{_REF}{kind.capitalize()}Result" for kind in ("light", "deep", "xray")}
    for ref in of_kind.values():
        # Set when the result is stored; older results have none.
        schemas[ref.removeprefix(_REF)]["properties"]["changes"] = {
            "anyOf": [{"$ref": f"{_REF}ResultChanges"}, {"type": "null"}]
        }
    schemas["DraftResult"] = _DRAFT
    schemas["AnalysisResult"] = _one_of(of_kind)
    schemas["RunResult"] = _one_of({**of_kind, DRAFT_TYPE: f"{_REF}DraftResult"})
    return schemas


def _one_of(of_type: Mapping[str, str]) -> dict[str, Any]:
    return {
        "oneOf": [{"$ref": ref} for ref in of_type.values()],
        "discriminator": {"propertyName": "type", "mapping": dict(of_type)},
    }


def _public(name: str) -> str:
    """The API has its own schemas with generic names such as Part and Email."""
    name = _PUBLIC_NAMES.get(name, name)
    return name if name.endswith("Result") else f"Result{name}"


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Every field is present in the JSON, so it is required. A field's description is for models, so it is removed."""
    plain = _referring(schema)
    if properties := plain.get("properties"):
        plain["required"] = sorted(properties)
        plain["properties"] = {
            name: {
                key: value for key, value in field.items() if key not in {"default", "description", "title"}
            }
            for name, field in properties.items()
        }
    return plain


def _referring(node: Any) -> Any:
    if isinstance(node, list):
        return [_referring(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"{_REF}{_public(str(value).rpartition('/')[2])}" if key == "$ref" else _referring(value)
        for key, value in node.items()
    }


if __name__ == "__main__":
    json.dump(describe(), sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")

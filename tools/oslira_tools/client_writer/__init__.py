"""Writes `oslira_client.generated` from docs/generated/openapi.json: models and one method for each operation."""

"""Writes `oslira_client.generated` from docs/openapi.json: models and one method for each operation."""

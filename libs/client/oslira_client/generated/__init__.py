"""The API's models and methods. Generated from docs/generated/openapi.json: `make openapi`."""

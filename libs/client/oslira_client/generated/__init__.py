"""The API's models and methods. Generated from docs/openapi.json: `make openapi`."""

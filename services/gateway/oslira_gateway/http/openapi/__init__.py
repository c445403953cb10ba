"""What the OpenAPI document has in addition to what Litestar derives from the routes."""

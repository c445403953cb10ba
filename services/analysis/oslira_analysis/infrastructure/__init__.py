"""Adapters: Postgres, S3, Apify, the models, the bus."""

"""Postgres: pools and clients, migrations, roles."""

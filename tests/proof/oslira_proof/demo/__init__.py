"""The promises as tables: what `oslira demo --engine` and `oslira demo --bad-day` run."""

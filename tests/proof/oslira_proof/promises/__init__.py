"""What the engine promises, measured on a running stack: the campaign tests assert it, `oslira demo --engine` shows it."""

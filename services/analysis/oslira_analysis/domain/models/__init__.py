"""Which models are called, for what, and at what cost."""

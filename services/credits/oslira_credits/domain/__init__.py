"""Credits and their rules. No I/O."""

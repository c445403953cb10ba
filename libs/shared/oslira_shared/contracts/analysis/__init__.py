"""Messages that analysis owns."""

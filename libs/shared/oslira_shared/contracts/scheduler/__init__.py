"""Messages that scheduler owns."""

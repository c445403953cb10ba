"""Messages that credits owns."""

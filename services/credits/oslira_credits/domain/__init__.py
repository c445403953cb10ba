"""What credits are and what may be done with them. No I/O."""

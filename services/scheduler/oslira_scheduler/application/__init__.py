"""What the scheduler does: publish ticks, keep the topology."""

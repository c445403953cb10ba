"""`oslira demo`: every promise of the main job, shown on the running system."""

"""Users of a running stack, as the tests know them."""

from oslira_proof.people import Person, differences, eventually, foreign_id, person

__all__ = ["Person", "differences", "eventually", "foreign_id", "person"]

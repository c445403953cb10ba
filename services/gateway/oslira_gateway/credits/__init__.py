"""An account's credits, and prices."""

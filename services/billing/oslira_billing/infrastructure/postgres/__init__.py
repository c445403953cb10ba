"""The billing schema."""

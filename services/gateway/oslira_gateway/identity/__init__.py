"""The caller and the selected account."""

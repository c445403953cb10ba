"""Accounts, their members and invitations."""

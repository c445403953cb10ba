"""The double-entry credit ledger: hold, settle, grant."""

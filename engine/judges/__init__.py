"""Judges answer questions about texts with verdicts; the ledger keeps every verdict on disk."""

"""Rewrites: each text said again in a line that keeps only what matters for an attribute."""

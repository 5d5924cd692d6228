"""Likewise: attribute-conditioned similarity of texts, compared side by side."""

__version__ = "0.1.0"

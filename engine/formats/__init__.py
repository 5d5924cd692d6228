"""File formats → one table of text cells, and what each column is for."""

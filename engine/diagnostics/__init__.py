"""What a Similarity gets right and wrong: one measure, one formula, one function."""

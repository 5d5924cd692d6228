"""Which questions to ask: where they tell most, and always some at random."""

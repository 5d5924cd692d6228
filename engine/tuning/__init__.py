"""Verdicts made into something that is applied to every text without asking anyone again."""

"""From a judge's verdicts to one scale, or one space, for all texts."""

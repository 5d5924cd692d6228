"""What a run has cost so far, and the first prompts that it sent."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

N_PROMPTS_KEPT = 5


@dataclass
class Meter:
    """What a run has cost so far; several threads may add to it.

    seconds: spent in models. passes: texts or pairs run through a model. lm_tokens: read or written
    by language models. n_truncated: texts cut at a model's window. n_cached: texts not run again.
    dollars, verdicts: spent on and given by judges. prompts: the first strings each model got.
    """

    seconds: float = 0.0
    passes: int = 0
    lm_tokens: int = 0
    n_truncated: int = 0
    n_cached: int = 0
    dollars: float = 0.0
    verdicts: int = 0
    prompts: dict[str, list[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(
        self,
        *,
        seconds: float = 0.0,
        passes: int = 0,
        lm_tokens: int = 0,
        n_truncated: int = 0,
        n_cached: int = 0,
        dollars: float = 0.0,
        verdicts: int = 0,
    ) -> None:
        """Add to the counts.

        Example:
            >>> meter = Meter()
            >>> meter.add(passes=2)
            >>> meter.add(passes=3)
            >>> meter.passes
            5
        """
        with self._lock:
            self.seconds += seconds
            self.passes += passes
            self.lm_tokens += lm_tokens
            self.n_truncated += n_truncated
            self.n_cached += n_cached
            self.dollars += dollars
            self.verdicts += verdicts

    def note_prompts(self, model: str, prompts: Iterable[str]) -> None:
        """Keep the first few different strings that a model was sent."""
        with self._lock:
            kept = self.prompts.setdefault(model, [])
            for prompt in prompts:
                if len(kept) >= N_PROMPTS_KEPT:
                    return
                if prompt not in kept:
                    kept.append(prompt)

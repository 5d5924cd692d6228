"""What verdicts cost: prices, an estimate before anything is sent, and a purse with a hard cap."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from engine.errors import BadInput, LikewiseError
from engine.judges.kinds import Kind
from engine.judges.prompts import Prompt

BATCH_SHARE = 0.5
BYTES_PER_TOKEN = 3.5
N_COUNTED = 10
# What the API adds to a prompt of its own accord for structured output, at most.
N_TOKENS_ADDED = 1000

# Tokens that a reply is expected to take, with a reason of at most 25 words and no thinking.
TOKENS_OUT = {Kind.GROUP: 120, Kind.RANK: 80, Kind.CATEGORIES: 500, Kind.SCALE: 300}
TOKENS_OUT_ELSE = 60


class CapReached(LikewiseError):
    """The next question could cost more than is left of the cap."""


class Tokens(NamedTuple):
    """Tokens of a call. n_in counts all that was read, also what came from or went to the cache."""

    n_in: int
    n_out: int
    n_cache_read: int = 0
    n_cache_written: int = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """The price list of a model.

    Args:
        model: as the provider calls it.
        provider: as genai-prices calls it, such as "anthropic" or "openai"; "" for a server whose
            prices nobody lists.
        share: what is paid of the listed price: 0.5 in a batch.

    Example:
        >>> Prices("a model that nobody knows").dollars(Tokens(1000, 10)) is None
        True
    """

    model: str
    provider: str = "anthropic"
    share: float = 1.0

    @property
    def known(self) -> bool:
        """Whether the model has a price for what it reads and for what it writes."""
        return self.dollars(Tokens(1, 1)) is not None

    def dollars(self, tokens: Tokens) -> float | None:
        """What a call costs; None, never 0, where the price is unknown."""
        if not self.provider:
            return None
        from genai_prices import Usage, calc_price

        usage = Usage(
            input_tokens=tokens.n_in,
            output_tokens=tokens.n_out,
            cache_read_tokens=tokens.n_cache_read,
            cache_write_tokens=tokens.n_cache_written,
        )
        try:
            price = calc_price(usage, self.model, provider_id=self.provider)
        except LookupError:
            return None
        listed = price.model_price
        if listed.input_mtok is None or listed.output_mtok is None:
            return None
        return float(price.total_price * Decimal(str(self.share)))

    def most_dollars(self, prompt: Prompt, max_tokens: int) -> float | None:
        """The most that a call can cost, whatever its tokenizer: a token for each byte."""
        n_in = prompt.n_bytes + N_TOKENS_ADDED
        plain = self.dollars(Tokens(n_in, max_tokens))
        # Writing to the cache costs more than reading; a model without a cache has no such price.
        written = self.dollars(Tokens(n_in, max_tokens, n_cache_written=n_in))
        return None if plain is None or written is None else max(plain, written)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What asking would cost, before anything is sent.

    n_questions: how many would be asked. n_known: how many the ledger answers for nothing.
    n_tokens_in, n_tokens_out: expected. dollars: expected, None where the price is unknown.
    dollars_at_most: should every prompt take a token a byte and every reply all it may; None where
    the price is unknown. how: where the numbers of tokens come from, in words.
    """

    n_questions: int
    n_known: int
    n_tokens_in: int
    n_tokens_out: int
    dollars: float | None
    dollars_at_most: float | None
    how: str


def estimate(
    prompts: Sequence[Prompt],
    kinds: Sequence[Kind],
    prices: Prices,
    *,
    n_known: int = 0,
    max_tokens: int,
    tokens_out: Callable[[Kind], float | None] = lambda _kind: None,
    count: Callable[[Prompt], int] | None = None,
) -> Estimate:
    """Tokens and dollars of asking; nothing is sent but, with `count`, a few prompts to be counted.

    Args:
        prompts: n prompts.
        kinds: (n,) what each asks.
        prices: the model's price list.
        n_known: how many more questions need not be asked.
        max_tokens: the most that a reply may take.
        tokens_out: gives the mean tokens of earlier replies to a kind, None where there are too
            few; a reply is then expected to be short, and nothing to be thought before it.
        count: gives the tokens of a prompt, such as the API's own count; the ten that lie evenly
            between the shortest and the longest are counted, the others follow by their length.

    Raises:
        BadInput: not one kind a prompt.
    """
    if len(prompts) != len(kinds):
        raise BadInput(f"{len(prompts)} prompts can't go with {len(kinds)} kinds.")
    per_byte, how_in = _tokens_per_byte(prompts, count)
    seen = {kind: tokens_out(kind) for kind in dict.fromkeys(kinds)}
    n_in = math.ceil(sum(prompt.n_bytes for prompt in prompts) * per_byte)
    n_out = math.ceil(math.fsum(_expected(kind, seen[kind]) for kind in kinds))
    most = [prices.most_dollars(prompt, max_tokens) for prompt in prompts]
    each = [prices.dollars(tokens) for tokens in _evenly(n_in, n_out, len(prompts))]
    return Estimate(
        n_questions=len(prompts),
        n_known=n_known,
        n_tokens_in=n_in,
        n_tokens_out=n_out,
        dollars=_total(each),
        dollars_at_most=_total(most),
        how=f"{how_in}; {_how_out(list(seen.values()))}",
    )


def _expected(kind: Kind, seen: float | None) -> float:
    return TOKENS_OUT.get(kind, TOKENS_OUT_ELSE) if seen is None else seen


def _how_out(seen: Sequence[float | None]) -> str:
    if seen and None not in seen:
        return "replies as long as this judge's earlier ones"
    return "replies expected to be short, without thinking"


def _evenly(n_in: int, n_out: int, n_calls: int) -> list[Tokens]:
    # Call by call, because some models price a long prompt otherwise than several short ones.
    if not n_calls:
        return []
    each = Tokens(n_in // n_calls, n_out // n_calls)
    rest = Tokens(n_in - each.n_in * (n_calls - 1), n_out - each.n_out * (n_calls - 1))
    return [each] * (n_calls - 1) + [rest]


def _tokens_per_byte(
    prompts: Sequence[Prompt], count: Callable[[Prompt], int] | None
) -> tuple[float, str]:
    if count is None or not prompts:
        return 1 / BYTES_PER_TOKEN, f"estimated at {BYTES_PER_TOKEN} bytes a token, not counted"
    by_length = sorted(prompts, key=lambda prompt: prompt.n_bytes)
    step = max(1, (len(by_length) - 1) // max(1, N_COUNTED - 1))
    counted = by_length[::step][:N_COUNTED]
    n_tokens = sum(count(prompt) for prompt in counted)
    how = f"counted by the model's own tokenizer on {len(counted)} of {len(prompts)} prompts"
    return n_tokens / sum(prompt.n_bytes for prompt in counted), how


def _total(dollars: Sequence[float | None]) -> float | None:
    known = [one for one in dollars if one is not None]
    return math.fsum(known) if len(known) == len(dollars) else None


@dataclass
class Purse:
    """Dollars that may be spent; several threads and judges may share one.

    A call is held for at its highest price before it is sent and settled at its true price after,
    so that spent and held together never pass the cap.

    Args:
        cap_dollars: the most that may be spent; None for no cap.

    Attributes:
        spent: dollars of all that came back, with lost.
        lost: dollars of calls whose reply never came, at their highest price: it may have been
            paid for.
        held: dollars held for the calls in flight.
        n_unpriced: calls that came back and whose price is unknown.

    Raises:
        BadInput: the cap is no number of dollars.

    Example:
        >>> purse = Purse(cap_dollars=1.0)
        >>> hold = purse.try_hold(0.8)
        >>> purse.try_hold(0.3) is None
        True
        >>> hold.settle(0.1)
        >>> purse.spent, purse.left
        (0.1, 0.9)
    """

    cap_dollars: float | None = None
    spent: float = field(default=0.0, init=False)
    lost: float = field(default=0.0, init=False)
    held: float = field(default=0.0, init=False)
    n_in_flight: int = field(default=0, init=False)
    n_unpriced: int = field(default=0, init=False)
    _lock: threading.RLock = field(
        default_factory=threading.RLock, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Refuse a cap that is none."""
        cap = self.cap_dollars
        if cap is not None and (not math.isfinite(cap) or cap < 0):
            raise BadInput(
                f"A cap of {cap} dollars can't be held. Give 0 or more dollars, or None for no cap."
            )

    @property
    def left(self) -> float | None:
        """Dollars that are neither spent nor held; None where there is no cap."""
        with self._lock:
            return None if self.cap_dollars is None else self.cap_dollars - self.spent - self.held

    def try_hold(self, dollars: float | None) -> Hold | None:
        """Hold the highest price of a call; None where so much is not left.

        Args:
            dollars: the highest price; None where it is unknown.

        Raises:
            BadInput: the price is unknown and there is a cap, which can't be kept then.
        """
        with self._lock:
            left = self.left
            if left is not None and dollars is None:
                raise BadInput(
                    f"The price of this model is unknown, so a cap of {self.cap_dollars} dollars "
                    "can't be kept. Choose a model with a known price, or ask without a cap."
                )
            if left is not None and (dollars or 0.0) > left + 1e-12:
                return None
            self.held += dollars or 0.0
            self.n_in_flight += 1
            return Hold(self, dollars)

    def spend(self, dollars: float | None) -> None:
        """Count what was paid without having been held, such as a batch of an earlier run."""
        with self._lock:
            self.spent += dollars or 0.0
            self.n_unpriced += dollars is None

    def cap_message(self, dollars: float | None) -> str:
        """What to tell whoever's next call does not fit."""
        return (
            f"The cap of ${self.cap_dollars:.2f} is reached: ${self.spent:.4f} is spent, and the "
            f"next call may cost ${dollars or 0.0:.4f}. Raise the cap to go on; what was answered "
            "is kept."
        )


class Hold:
    """The highest price of one call, held until the call is settled or given up."""

    def __init__(self, purse: Purse, dollars: float | None) -> None:
        self._purse = purse
        self._dollars = dollars
        self._open = True

    def settle(self, dollars: float | None) -> None:
        """The call came back and cost so much; None where that is unknown.

        What came back without a count of its tokens is taken to have cost all that was held.
        """
        with self._purse._lock:
            self._close()
            self._purse.spend(self._dollars if dollars is None else dollars)

    def release(self) -> None:
        """The call was never sent, or was turned away: nothing was paid."""
        with self._purse._lock:
            self._close()

    def lose(self) -> None:
        """The reply never came, and may have been paid for: count it, and hold for another try.

        Raises:
            CapReached: no other try fits in what is left.
        """
        with self._purse._lock:
            purse, dollars = self._purse, self._dollars or 0.0
            purse.spent += dollars
            purse.lost += dollars
            left = purse.cap_dollars is not None and purse.cap_dollars - purse.spent - purse.held
            if left is not False and left < -1e-12:
                self._close()
                raise CapReached(purse.cap_message(self._dollars))

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._purse.held -= self._dollars or 0.0
            self._purse.n_in_flight -= 1
            if not self._purse.n_in_flight:
                self._purse.held = 0.0  # sums of fractions leave a remainder

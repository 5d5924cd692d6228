import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.judges.kinds import Kind
from engine.judges.money import CapReached, Estimate, Prices, Purse, Tokens, estimate
from engine.judges.prompts import Prompt

MODEL = "claude-sonnet-4-0"


def prompt_of(n_bytes):
    return Prompt("x" * (n_bytes - 2), "", {})


def test_prices_are_those_of_the_table():
    prices = Prices(MODEL)
    # $3 a million tokens in, $15 out, $0.30 from the cache, $3.75 to the cache.
    assert prices.dollars(Tokens(1000, 100)) == pytest.approx(0.003 + 0.0015)
    read, written = Tokens(1000, 0, n_cache_read=800), Tokens(1000, 0, n_cache_written=800)
    assert prices.dollars(read) == pytest.approx(200 * 3e-6 + 800 * 0.3e-6)
    assert prices.dollars(written) == pytest.approx(200 * 3e-6 + 800 * 3.75e-6)
    assert Prices(MODEL, share=0.5).dollars(Tokens(1000, 100)) == pytest.approx(0.00225)


@pytest.mark.parametrize(
    "prices",
    [
        Prices("claude-xyz"),
        Prices("no such model", "openai"),
        Prices(MODEL, "no such provider"),
        Prices(MODEL, ""),
    ],
)
def test_an_unknown_price_is_none_and_never_0(prices):
    assert prices.dollars(Tokens(10, 10)) is None
    assert prices.most_dollars(prompt_of(10), 10) is None
    assert not prices.known
    found = estimate([prompt_of(700)], [Kind.PAIR], prices, max_tokens=10)
    assert (found.dollars, found.dollars_at_most) == (None, None)
    assert found.n_tokens_in == 200


def test_a_model_priced_otherwise_than_by_tokens_is_unknown(monkeypatch):
    import genai_prices

    real = genai_prices.calc_price

    def without_output(*args, **options):
        price = real(*args, **options)
        price.model_price = type(price.model_price)(input_mtok=price.model_price.input_mtok)
        return price

    monkeypatch.setattr(genai_prices, "calc_price", without_output)
    assert Prices(MODEL).dollars(Tokens(10, 10)) is None


def test_the_estimate_of_a_count_by_hand():
    prompts = [prompt_of(350)] * 4
    found = estimate(prompts, [Kind.PAIR] * 3 + [Kind.GROUP], Prices(MODEL), max_tokens=200)
    n_in, n_out = 400, 3 * 60 + 120
    most = 4 * ((350 + 1000) * 3.75e-6 + 200 * 15e-6)
    assert found == Estimate(
        n_questions=4,
        n_known=0,
        n_tokens_in=n_in,
        n_tokens_out=n_out,
        dollars=pytest.approx(n_in * 3e-6 + n_out * 15e-6),
        dollars_at_most=pytest.approx(most),
        how="estimated at 3.5 bytes a token, not counted; "
        "replies expected to be short, without thinking",
    )


def test_counted_prompts_stand_for_the_others():
    sizes = [100 * (1 + i) for i in range(100)]
    counted = []

    def count(prompt):
        counted.append(prompt.n_bytes)
        return prompt.n_bytes // 2

    found = estimate(
        [prompt_of(n) for n in sizes], [Kind.PAIR] * 100, Prices(MODEL), max_tokens=9, count=count
    )
    assert found.n_tokens_in == sum(sizes) // 2
    assert counted == [100 * (1 + i) for i in range(0, 100, 11)]
    assert found.how.startswith("counted by the model's own tokenizer on 10 of 100 prompts")


def test_earlier_replies_say_how_long_the_next_will_be():
    found = estimate(
        [prompt_of(350)] * 3,
        [Kind.PAIR, Kind.PAIR, Kind.GROUP],
        Prices(MODEL),
        max_tokens=2000,
        tokens_out={Kind.PAIR: 800.5, Kind.GROUP: 1000.0}.get,
    )
    assert found.n_tokens_out == 2601
    assert found.how.endswith("replies as long as this judge's earlier ones")


def test_nothing_to_ask_costs_nothing():
    found = estimate([], [], Prices(MODEL), n_known=3, max_tokens=9, count=lambda prompt: 1 / 0)
    assert (found.n_questions, found.n_known, found.dollars, found.dollars_at_most) == (0, 3, 0, 0)
    with pytest.raises(BadInput, match="0 kinds"):
        estimate([prompt_of(9)], [], Prices(MODEL), max_tokens=9)


def test_a_hold_is_settled_released_or_lost():
    purse = Purse(1.0)
    first, second, third = (purse.try_hold(0.3) for _ in range(3))
    assert purse.try_hold(0.2) is None
    assert purse.left == pytest.approx(0.1)
    first.settle(0.05)
    second.release()
    second.release()
    assert (purse.spent, purse.n_in_flight) == (0.05, 1)
    third.lose()
    assert (purse.lost, purse.spent, purse.held) == pytest.approx((0.3, 0.35, 0.3))
    third.lose()
    with pytest.raises(CapReached, match=r"cap of \$1.00 is reached"):
        third.lose()
    assert (purse.lost, purse.spent, purse.held) == pytest.approx((0.9, 0.95, 0.0))


def test_what_came_back_without_a_price_is_taken_at_the_highest():
    purse = Purse(1.0)
    purse.try_hold(0.4).settle(None)
    assert (purse.spent, purse.n_unpriced) == (0.4, 0)
    free = Purse()
    free.try_hold(None).settle(None)
    assert (free.spent, free.n_unpriced, free.left) == (0.0, 1, None)


@pytest.mark.parametrize("cap", [-1, math.nan, math.inf])
def test_a_cap_that_is_none_is_refused(cap):
    with pytest.raises(BadInput, match="can't be held"):
        Purse(cap)


def test_a_cap_on_an_unknown_price_is_refused():
    with pytest.raises(BadInput, match="unknown"):
        Purse(1.0).try_hold(None)


@given(
    st.floats(0, 10),
    st.lists(st.tuples(st.floats(0, 3), st.sampled_from(["settle", "release", "lose", "keep"]))),
)
def test_spent_and_held_never_pass_the_cap(cap, calls):
    purse = Purse(cap)
    for dollars, fate in calls:
        hold = purse.try_hold(dollars)
        if hold is None:
            assert dollars > purse.left
        elif fate == "settle":
            hold.settle(dollars / 2)
        elif fate == "release":
            hold.release()
        elif fate == "lose":
            try:
                hold.lose()
            except CapReached:
                assert purse.spent + purse.held + dollars > cap
        assert purse.spent + purse.held <= cap + 1e-9
        assert purse.lost <= purse.spent


def test_threads_can_not_pass_the_cap_together():
    purse, n_held = Purse(1.0), []

    def take():
        for _ in range(100):
            if hold := purse.try_hold(0.01):
                n_held.append(1)
                hold.settle(0.01)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(n_held) == 100
    assert purse.spent == pytest.approx(1.0)

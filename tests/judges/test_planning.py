import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.judges.planning import next_step, wilson_half_width

ROOT = Path(__file__).resolve().parents[2]


def test_half_widths_by_hand():
    # z² = 3.8415; 0 of 10: z · z/20 / (1 + z²/10) = 0.19207 / 1.38415.
    assert wilson_half_width(0.0, 10) == pytest.approx(0.13877, abs=1e-5)
    assert wilson_half_width(0.5, 4) == pytest.approx(1.959964 * 0.35 / 1.96036, abs=1e-3)


@given(st.floats(0, 1), st.integers(1, 10_000), st.integers(1, 10_000))
def test_more_verdicts_narrow_the_interval(share, n_now, n_more):
    step = next_step(share, n_now, n_more, 0.01)
    assert 0 < step.half_width_then < step.half_width_now <= 0.5
    assert step.dollars == pytest.approx(n_more * 0.01)


def test_an_unknown_price_is_said_to_be_unknown():
    step = next_step(0.5, 10, 5, None)
    assert step.dollars is None
    assert "at an unknown price" in str(step)


@pytest.mark.parametrize("numbers", [(1.5, 10, 5), (0.5, 0, 5), (0.5, 10, 0)])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(BadInput):
        next_step(*numbers, 0.01)


def test_judges_are_imported_without_their_libraries():
    script = (
        "import sys\n"
        "import engine.judges.batches, engine.judges.local_judge, engine.judges.openai_compatible\n"
        "print({'anthropic', 'httpx2', 'genai_prices', 'torch', 'psutil'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"

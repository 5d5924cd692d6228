"""The page of all repairs is what the kept figures say."""

from benchmarks.calibration_tables import PAGE, _cell, page


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page()


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def test_a_cell_says_what_is_settled():
    found = {
        "gap_change": figure(-0.02, -0.03, -0.01),
        "local_change": figure(-0.004, -0.006, -0.002),
        "pooled_change": figure(0.01, 0.005, 0.02),
        "hurts_local": True,
        "hurts_pooled": False,
    }
    assert _cell(found) == (
        "−0.020 [−0.030, −0.010]; pooled 0.010 [0.005, 0.020]; "
        "**hurts local** −0.004 [−0.006, −0.002]"
    )
    assert _cell(None) == "–"

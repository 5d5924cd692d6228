"""The command line: exit codes, one clear line when something is wrong, parsable output."""

import json
import subprocess
import sys

import pytest

from engine import cli
from engine.cli import main
from engine.method_docs import END, START
from engine.methods.registry import cards

ASKS = ("--attribute", "structure=mathematical structure", "--attribute", "story=the story")


def run(capsys, *arguments):
    """Exit code, standard output, standard error."""
    code = main(arguments)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("bench", "math_problems", *ASKS, "--methods", "randm"),
            "No method is called 'randm'. Did you mean 'random'? Known: ",
        ),
        (
            ("bench", "math_problems", *ASKS, "--methods", "bm25:strenth=1"),
            "No option of bm25 is called 'strenth'. Did you mean 'strength'?",
        ),
        (
            ("bench", "math_problems", *ASKS, "--methods", "bm25:strength=9"),
            "Option strength must lie in 0 … 5, not '9'.",
        ),
        (
            ("bench", "math_problems", *ASKS, "--methods", "bm25:strength"),
            "Option strength wants float, not ''.",
        ),
        (("bench", "math_problems", *ASKS, "--methods", ","), "--methods names no method."),
        (("bench", "no-such.csv", *ASKS), "no-such.csv"),
        (("bench", "math_problms", *ASKS), "Did you mean 'math_problems'?"),
        (("run", "no-such.csv", "--headless"), "no-such.csv"),
        (
            ("bench", "math_problems", "--attribute", "structur=x"),
            "No column is called 'structur'. Did you mean 'structure'?",
        ),
        (
            ("bench", "math_problems", "--attribute", "structure"),
            "--attribute 'structure' must be COLUMN=PHRASE",
        ),
        (("bench", "math_problems", "--attribute", "=x"), "must be COLUMN=PHRASE"),
        (("bench", "math_problems", "--attribute", "structure= "), "must be COLUMN=PHRASE"),
        (("bench", "math_problems"), "Name at least one attribute"),
        (
            ("bench", "math_problems", *ASKS, "--limit", "1", "--methods", "random"),
            "has 1 label(s) in these 1 texts",
        ),
        (("bench", "math_problems", *ASKS, "--limit", "0"), "at least 1 text, not 0"),
        (
            ("bench", "math_problems", *ASKS, "--methods", "random", "--json", "/no/such/f.json"),
            "/no/such",
        ),
        (("models", "get", "gpt"), "'gpt' comes in no package. Known: minilm, smollm2."),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("likewise: ")
    assert err.count("\n") == 1
    assert message in err


def test_a_file_with_one_label_says_so(capsys, tmp_path):
    path = tmp_path / "same.csv"
    path.write_text("text,tone\none fish,calm\ntwo fish,calm\nred fish,calm\n")
    code, _, err = run(capsys, "bench", str(path), "--attribute", "tone=tone")
    assert code == 2
    assert "Column 'tone' has 1 label(s) in these 3 texts" in err
    assert err.count("\n") == 1


def test_methods_as_json_are_the_cards_with_their_options(capsys):
    code, out, err = run(capsys, "methods", "--json")
    listed = json.loads(out)
    assert (code, err) == (0, "")
    assert [each["name"] for each in listed] == [card.name for card in cards()]
    bm25 = next(each for each in listed if each["name"] == "bm25")
    strength = next(each for each in bm25["options"] if each["name"] == "strength")
    assert (strength["kind"], strength["default"], strength["high"]) == ("float", 1.0, 5)


def test_methods_and_models_are_listed(capsys):
    code, out, _ = run(capsys, "methods")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(cards())
    code, out, _ = run(capsys, "models")
    assert code == 0
    assert out.splitlines()[1].startswith("minilm")


def test_stale_docs_are_detected_and_written(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text(f"# Title\n{START}\n{END}\n")
    code, _, err = run(capsys, "methods", "--check-docs")
    assert (code, err.count("\n")) == (2, 1)
    assert "Out of date: docs/methods.md, README.md. Run: likewise methods --write-docs" in err
    assert run(capsys, "methods", "--write-docs")[0] == 0
    assert run(capsys, "methods", "--check-docs") == (0, "", "")
    (tmp_path / "docs" / "methods.md").write_text("edited by hand")
    assert run(capsys, "methods", "--check-docs")[0] == 2


def test_bench_prints_a_table_and_writes_its_figures(capsys, tmp_path):
    path = tmp_path / "figures.json"
    arguments = ("--methods", "length,bm25:strength=0", "--limit", "120", "--json", str(path))
    code, out, err = run(capsys, "bench", "math_problems", *ASKS, *arguments)
    assert code == 0
    assert "length: mathematical structure" in err
    report = json.loads(path.read_text(encoding="utf-8"))
    assert (report["corpus"], report["n_texts"], report["seed"]) == ("math_problems", 120, 0)
    assert {row["method"] for row in report["runs"]} == {"length", "bm25"}
    assert all(row["method"] in out for row in report["runs"])


def test_nothing_is_kept_by_a_bench_unless_asked(capsys, likewise_home):
    run(capsys, "bench", "math_problems", *ASKS, "--methods", "length", "--limit", "60")
    assert [each.name for each in likewise_home.iterdir()] == ["models"]


@pytest.mark.parametrize("arguments", [["--help"], ["bench", "--help"], ["--version"]])
def test_help_comes_without_loading_anything_heavy(arguments):
    script = (
        "import sys\nfrom engine.cli import main\n"
        f"try:\n    main({arguments!r})\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "print('LOADED', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    said, loaded = done.stdout.split("LOADED")
    assert "likewise" in said
    heavy = {"torch", "transformers", "sentence_transformers", "numpy", "pandas", "streamlit"}
    assert heavy & set(loaded.split()) <= {"numpy"}

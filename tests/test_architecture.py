"""The shape of the house: what imports what, how long a file may be, what is loaded when."""

import ast
import subprocess
import sys

import pytest

from engine.methods.registry import cards

MAX_LINES = 400
HEAVY = {
    "anthropic", "gguf", "pandas", "pyarrow", "scipy", "sentence_transformers", "sklearn",
    "streamlit", "torch", "transformers", "umap",
}  # fmt: skip


@pytest.fixture(scope="session")
def sources(repository):
    found = {path.relative_to(repository): path for path in (repository / "engine").rglob("*.py")}
    assert found
    return {name: path.read_text(encoding="utf-8") for name, path in found.items()}


def imported(source, *, at_top_only=False):
    """Every module that a source imports, dotted; at its top only, or anywhere in it."""
    tree = ast.parse(source)
    for node in tree.body if at_top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def loaded_by(statement):
    """Heavy packages in memory after a statement, in a fresh process."""
    script = f"{statement}\nimport sys\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return HEAVY & set(done.stdout.split("\n")[-2].split())


def test_the_engine_never_imports_the_app_s_framework(sources):
    wrong = [
        (str(name), module)
        for name, source in sources.items()
        for module in imported(source)
        if module.split(".")[0] in ("streamlit", "plotly", "pages", "app")
    ]
    assert wrong == []


def test_no_file_is_longer_than_a_reader_can_hold(sources):
    long = {str(name): source.count("\n") for name, source in sources.items()}
    assert {name: n for name, n in long.items() if n > MAX_LINES} == {}


def test_no_method_imports_another(sources):
    methods = {name: s for name, s in sources.items() if "\n@method(" in s}
    files = {f"engine.methods.{name.stem}" for name in methods}
    assert len(files) >= len(cards())
    wrong = [
        (str(name), module)
        for name, source in methods.items()
        for module in imported(source)
        if module in files
    ]
    assert wrong == []


def test_no_module_loads_a_model_library_when_it_is_imported(sources):
    slow = HEAVY - {"pandas", "scipy"}
    wrong = [
        (str(name), module)
        for name, source in sources.items()
        for module in imported(source, at_top_only=True)
        if module.split(".")[0] in slow
    ]
    assert wrong == []


def test_the_command_line_starts_without_anything_heavy():
    assert loaded_by("import engine.cli") == set()


def test_the_methods_are_listed_without_a_model_library():
    statement = "from engine.methods.registry import cards; cards()"
    assert loaded_by(statement) <= {"pandas", "scipy", "pyarrow"}

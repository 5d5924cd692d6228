"""What is done with the result: used on every page, and taken away as files."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Protocol, runtime_checkable

import streamlit as st

from engine.corpus import Corpus
from engine.errors import LikewiseError
from engine.methods.registry import Method, name_of
from engine.resources import Resources
from engine.similarity import VectorSimilarity
from engine.tuning.encoder_adapter import Adapter
from engine.tuning.evaluate import held_out_accuracy
from engine.tuning.export import Exported, export_folder
from engine.tuning.projection import LinearMap
from engine.tuning.triplets import Triplets
from engine.tuning.truth import canonical_order
from engine.types import Attribute, Similarity
from pages.parts import state
from pages.parts.tune_inputs import Tuning


@runtime_checkable
class GivesMap(Protocol):
    """A tuned method whose result is one matrix of a frozen embedding."""

    model: str

    def linear_map(
        self, corpus: Corpus, attribute: Attribute, resources: Resources
    ) -> tuple[LinearMap, Triplets]:
        """The map, and what it was fitted on."""
        ...


@runtime_checkable
class GivesAdapter(Protocol):
    """A tuned method whose result is the encoder itself with something added to its weights."""

    model: str

    def prepare(self, corpus: Corpus, attribute: Attribute, resources: Resources) -> Similarity:
        """Similarity of all texts as the tuned encoder reads them."""
        ...

    def adapter(
        self, corpus: Corpus, attribute: Attribute, resources: Resources
    ) -> tuple[Adapter, Triplets]:
        """What is added, and what it was fitted on; its triplets in the canonical order."""
        ...


def use_and_export(tuning: Tuning, made: Method) -> None:
    """One button to compare with it everywhere, one to take it away."""
    spec = state.spec_of(made)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if _can_be_named(spec, made):
            if st.button(
                "Use it everywhere",
                type="primary",
                icon=":material/compare:",
                key="tune-use",
                help="Puts the method, tuned like this, among the methods of Compare and "
                "Calibration, with these options; its run is kept.",
            ):
                state.change(methods=with_method(state.current().methods, spec))
                st.switch_page("pages/1_Compare.py")
        else:
            st.caption("This column's name can't stand in a link, so the method can't be passed on")
        _export(tuning, made)


def with_method(methods: tuple[str, ...], spec: str) -> tuple[str, ...]:
    """The slots with one more method; where they are full, it takes the last one's place.

    Example:
        >>> with_method(("a", "b"), "c"), with_method(("a", "b", "c", "d"), "e")
        (('a', 'b', 'c'), ('a', 'b', 'c', 'e'))
    """
    kept = [each for each in methods if each != spec][: state.MAX_METHODS - 1]
    return (*kept, spec)


def export_zip(tuning: Tuning, made: GivesMap | GivesAdapter) -> bytes:
    """The exported folder as a zip: model, numbers with the lines that apply them, triplets, card.

    Args:
        tuning: what was chosen; only its held-out triplets are read.
        made: the tuned method.

    Raises:
        LikewiseError: it is no matrix, or there is no truth, or the encoder isn't here.
    """
    corpus, attribute, resources = tuning.corpus, tuning.attribute, Resources()
    order = canonical_order(corpus)
    fitted: LinearMap | Adapter
    similarity: Similarity
    if isinstance(made, GivesAdapter):
        fitted, triplets = made.adapter(corpus, attribute, resources)
        similarity = made.prepare(corpus, attribute, resources)
    else:
        fitted, triplets = made.linear_map(corpus, attribute, resources)
        similarity = VectorSimilarity(fitted.apply(resources.embed(made.model, corpus.texts)))
    accuracy = held_out_accuracy(similarity, tuning.tested, order[triplets.rows])
    texts = corpus.subset(order).texts
    exported = Exported(fitted, triplets, texts, attribute, made.model, corpus.name, accuracy)
    packed = io.BytesIO()
    with (
        tempfile.TemporaryDirectory() as place,
        # Weights don't compress, and storing them takes a tenth of the time.
        zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive,
    ):
        folder = export_folder(exported, Path(place) / "tuned")
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return packed.getvalue()


def _export(tuning: Tuning, made: Method) -> None:
    if not isinstance(made, GivesMap | GivesAdapter):
        st.caption("Only a projection or a tuned encoder can be exported", width="content")
        return
    if isinstance(made, GivesMap) and tuning.start == "profile":
        st.caption(
            "This start also reads words, so the result is no matrix; to export, start from "
            "written categories without their words, or from nothing",
            width="content",
        )
        return
    name = "-".join("".join(c if c.isalnum() else " " for c in tuning.attribute.name).split())
    st.download_button(
        "Export",
        lambda: export_zip(tuning, made),
        f"{name.lower() or 'attribute'}-{name_of(made)}.zip",
        "application/zip",
        icon=":material/download:",
        key="tune-export",
        on_click="ignore",
        help="Made when you click, in some seconds: a folder that SentenceTransformer(path) loads, "
        "the triplets, and a card; of a projection also its matrix for numpy, with the ten lines "
        "that apply it.",
    )


def _can_be_named(spec: str, made: Method) -> bool:
    """Whether the spec says the same method again, in a list with commas between."""
    try:
        return "," not in spec and state.parse_spec(spec) == made
    except LikewiseError:
        return False

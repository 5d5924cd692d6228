"""Who judges: what is there to be asked, what it needs, and the judge itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from engine.corpus import Corpus
from engine.errors import BadInput
from engine.judges.anthropic_judge import DEFAULT_MODEL, AnthropicJudge
from engine.judges.kinds import TUPLE_KINDS, Kind
from engine.judges.labels import LabelJudge, labels_by_text
from engine.judges.ledger import Ledger
from engine.judges.local_judge import NOTE, LocalJudge
from engine.judges.local_prompts import KINDS as LOCAL_KINDS
from engine.judges.money import Purse
from engine.judges.openai_compatible import OpenAICompatibleJudge
from engine.judges.prompts import NO_GUIDE, Guide
from engine.judges.questions import Judge
from engine.judges.replay import ReplayJudge
from engine.models.catalogue import DEFAULT_LM, known_models
from engine.models.catalogue import Kind as ModelKind
from engine.models.shelf import process_shelf
from engine.resources import Resources
from engine.store import VectorStore
from engine.types import Attribute
from pages.parts import cached, frame, state
from pages.parts.judge_guide import KEEP, choose_guide

REPLAY = "a strong judge's verdicts, shipped with the sample"
LABELS = "a label column, to rehearse"
LOCAL = "a small language model on this machine"
ANTHROPIC = "Claude, over Anthropic's API"
SERVER = "a server that speaks OpenAI's API"
KEY = "ANTHROPIC_API_KEY"

LABEL_KINDS = (Kind.PAIR, Kind.TRIPLET, Kind.GROUP, Kind.ODD_ONE_OUT, Kind.RANK)
NO_KEY = (
    f"There is no {KEY} in the environment, so Claude can't be asked. Stop the app, set it, and "
    f"start again:\n\n    export {KEY}=sk-ant-…\n    likewise run"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A judge as it is chosen on the page; equal choices give the same verdicts.

    problem: why it can't be asked; "" where it can.
    """

    who: str
    model: str = ""
    column: str = ""
    ordered: bool = False
    noise: float = 0.0
    position_bias: float = 0.0
    base_url: str = ""
    provider: str = ""
    effort: str = ""
    source: str = ""
    guide: Guide = field(default=NO_GUIDE, repr=False)
    api_key: str = field(default="", repr=False)
    problem: str = ""

    @property
    def title(self) -> str:
        """Who it is, in a few words."""
        named = {
            LABELS: f"the label column {self.column!r}",
            LOCAL: self.model,
            ANTHROPIC: self.model,
            SERVER: f"{self.model} at {self.base_url}",
        }
        return named.get(self.who, "the shipped judge")

    @property
    def is_paid(self) -> bool:
        """Whether asking may cost dollars."""
        return self.who in (ANTHROPIC, SERVER)

    @property
    def key(self) -> str:
        """What an estimate depends on."""
        return f"{self!r} {self.guide.version}"


def choose_judge(view: state.View, corpus: Corpus, attribute: Attribute) -> Choice:
    """Who judges, and what that judge needs."""
    found = frame.sample_of(view)
    offered = [LOCAL, ANTHROPIC, SERVER]
    if corpus.labels:
        offered.insert(0, LABELS)
    if found and found.verdicts:
        offered.insert(0, REPLAY)
    who = st.selectbox("Who judges?", offered, key=f"judge-who:{view.corpus}", persist_state=KEEP)
    if who == REPLAY:
        return Choice(REPLAY, source=cached.shipped_judge(view.corpus))
    if who == LABELS:
        return _labels(view, corpus)
    asked = {LOCAL: _local, ANTHROPIC: _anthropic, SERVER: _server}
    choice = asked[str(who)]()
    with st.expander("What else it is told: notes, a definition card"):
        return replace(choice, guide=choose_guide(corpus, attribute))


def _labels(view: state.View, corpus: Corpus) -> Choice:
    found = frame.sample_of(view)
    offers = found.attributes if found else ()
    own = next((offer.column for offer in offers if offer.name == view.attribute), "")
    columns = sorted(corpus.labels, key=lambda name: name != own)
    left, right, third = st.columns([3, 2, 2], vertical_alignment="bottom")
    column = left.selectbox(
        "Column", columns, key=f"judge-column:{view.corpus}:{own}", persist_state=KEEP
    )
    noise = right.slider(
        "Wrong answers, %", 0, 50, 0, key="judge-noise", persist_state=KEEP,
        help="So many questions get the opposite answer; the same ones each time.",
    )  # fmt: skip
    bias = third.slider(
        "Always the left, %", 0, 50, 0, key="judge-bias", persist_state=KEEP,
        help="So many triplets go to the side shown first, whatever the texts.",
    )  # fmt: skip
    ordered = is_numeric(corpus, str(column)) and left.toggle(
        "Its numbers have an order", value=True, key=f"judge-ordered:{column}", persist_state=KEEP
    )
    return Choice(
        LABELS,
        column=str(column),
        ordered=ordered,
        noise=noise / 100,
        position_bias=bias / 100,
    )


def is_numeric(corpus: Corpus, column: str) -> bool:
    """Whether all labels of a column are numbers."""
    try:
        return all(float(label) == float(label) for label in corpus.label_codes(column).names)
    except ValueError:
        return False


def _local() -> Choice:
    here = [entry.name for entry in known_models(ModelKind.LANGUAGE_MODEL) if entry.here]
    st.warning(NOTE, icon=":material/casino:")
    if not here:
        missing = f"No language model is on this machine. Run: likewise models get {DEFAULT_LM}."
        return Choice(LOCAL, problem=missing)
    model = st.selectbox("Model", here, key="judge-local", persist_state=KEEP)
    return Choice(LOCAL, model=str(model))


def _anthropic() -> Choice:
    left, right = st.columns([3, 2])
    model = left.text_input("Model", DEFAULT_MODEL, key="judge-claude", persist_state=KEEP).strip()
    effort = right.selectbox(
        "Effort", ["", "low", "medium", "high"], key="judge-effort", persist_state=KEEP,
        format_func=lambda word: word or "as the model sees fit",
    )  # fmt: skip
    problem = "" if os.environ.get(KEY) else NO_KEY
    if not model:
        problem = f"Name a model, such as {DEFAULT_MODEL}."
    return Choice(ANTHROPIC, model=model, effort=str(effort or ""), problem=problem)


def _server() -> Choice:
    left, right = st.columns([3, 2])
    url = left.text_input(
        "Address, without /chat/completions", "http://localhost:11434/v1",
        key="judge-url", persist_state=KEEP,
    ).strip()  # fmt: skip
    model = right.text_input("Model, as the server calls it", key="judge-model", persist_state=KEEP)
    api_key = left.text_input(
        "Key, if the server wants one", type="password", key="judge-api-key",
        help="Kept until you close this tab, and sent to this address alone.",
    )  # fmt: skip
    provider = right.text_input(
        "Whose prices hold?", key="judge-provider", persist_state=KEEP,
        placeholder="nobody's", help="A provider such as openai, as genai-prices lists it. Left "
        "empty, the price is unknown, and no cap can be kept.",
    ).strip()  # fmt: skip
    problem = "" if model.strip() else "Name the model, as the server calls it."
    return Choice(
        SERVER,
        model=model.strip(),
        base_url=url,
        provider=provider,
        api_key=api_key,
        problem=problem,
    )


def kinds_of(choice: Choice, shipped: Sequence[Kind]) -> list[Kind]:
    """The kinds of question that a judge can answer; shipped: those of the replayed verdicts."""
    if choice.who == REPLAY:
        return list(shipped)
    if choice.who == LOCAL:
        return list(LOCAL_KINDS)
    if choice.who == LABELS:
        ordered = (Kind.COMPARISON, Kind.POINT) if choice.ordered else ()
        return [*LABEL_KINDS[:2], *ordered, *LABEL_KINDS[2:]]
    tuples = [kind for kind in TUPLE_KINDS if kind in LABEL_KINDS]
    return [Kind.PAIR, Kind.TRIPLET, Kind.COMPARISON, Kind.POINT, *tuples]


Maker = Callable[[Callable[[], bool]], Judge]


def maker(choice: Choice, corpus: Corpus, purse: Purse | None) -> Maker:
    """What gives the judge when its turn comes; it is told whether the user wants to stop."""
    ledger = cached.ledger()
    if choice.who == LOCAL:
        return lambda stopped: _local_judge(choice, ledger, stopped)
    judge = made_judge(choice, corpus, purse)
    return lambda _stopped: judge


def _local_judge(choice: Choice, ledger: Ledger, stopped: Callable[[], bool]) -> LocalJudge:
    resources = Resources(models=process_shelf(), vectors=VectorStore(), cancelled=stopped)
    return LocalJudge(choice.model, resources, ledger, guide=choice.guide)


def made_judge(choice: Choice, corpus: Corpus, purse: Purse | None = None) -> Judge:
    """The judge, where no model must be loaded for it.

    Raises:
        BadInput: the choice does not make a judge; the local model is made when its turn comes.
    """
    ledger = cached.ledger()
    if choice.who == REPLAY:
        return ReplayJudge.from_ledger(ledger, choice.source)
    if choice.who == LABELS:
        labels = labels_by_text(corpus.texts, corpus.labels[choice.column])
        return LabelJudge(
            labels, ledger, choice.column, choice.ordered, choice.noise, choice.position_bias
        )
    if choice.who in (ANTHROPIC, SERVER):
        return paid_judge(choice, purse)
    raise BadInput(f"{choice.title} is loaded when its turn comes.")


def paid_judge(
    choice: Choice, purse: Purse | None = None
) -> AnthropicJudge | OpenAICompatibleJudge:
    """The judge behind an API; nothing is sent yet."""
    ledger, guide = cached.ledger(), choice.guide
    if choice.who == ANTHROPIC:
        return AnthropicJudge(choice.model, ledger, guide=guide, effort=choice.effort, purse=purse)
    return OpenAICompatibleJudge(
        choice.model,
        choice.base_url,
        ledger,
        guide=guide,
        api_key=choice.api_key or None,
        provider=choice.provider,
        purse=purse,
    )


def ledger_name(choice: Choice, corpus: Corpus, held: Sequence[str]) -> str:
    """The name under which a judge's verdicts stand in the ledger; "" where there are none.

    Args:
        choice: the judge.
        corpus: the texts.
        held: the judges that the ledger knows, for a local model: its own name says its revision,
            which only loading it tells.
    """
    if choice.problem or choice.who == REPLAY:
        return choice.source
    if choice.who == LOCAL:
        return next((name for name in held if name.startswith(f"local: {choice.model}")), "")
    return made_judge(choice, corpus).name

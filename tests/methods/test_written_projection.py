import numpy as np
import pytest

from engine.corpus import load_corpus
from engine.errors import BadInput, ModelUnavailable, UnknownName
from engine.methods.registry import card, cards, create, name_of
from engine.projection.categories import Category, CategorySet, to_json
from engine.projection.library import CategoryLibrary
from engine.resources import Resources
from engine.similarity import AxisSimilarity
from engine.types import Attribute, Level

STRUCTURE = Attribute("mathematical structure")
STORY = Attribute("what the story is about")
MINE = CategorySet(
    "mathematical structure", (Category("sums"), Category("products"), Category("x"))
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LIKEWISE_HOME", str(tmp_path))
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def corpus():
    return load_corpus("math_problems").sample(40, seed=0)


def taken(corpus, attribute, **options):
    return create("written-projection", options).categories(corpus, attribute, Resources())


def test_card_says_what_it_costs():
    about = card("written-projection")
    assert about.level is Level.ONE_CALL
    assert about.rereads == "nothing"
    assert not about.tunable


def test_hypernetwork_is_another_name_of_it():
    assert card("hypernetwork") == card("written-projection")
    made = create("hypernetwork", {"words": 0.3})
    assert made == create("written-projection", {"words": 0.3})
    assert name_of(made) == "written-projection"
    assert "hypernetwork" not in [each.name for each in cards()]
    with pytest.raises(UnknownName, match="Did you mean 'hypernetwork'"):
        card("hypernetworks")


def test_auto_prefers_what_the_analyst_saved_then_shipped_then_words(corpus):
    assert len(taken(corpus, STRUCTURE).names) == 11
    CategoryLibrary().save(STRUCTURE, MINE)
    assert taken(corpus, STRUCTURE) == MINE
    assert len(taken(corpus, STRUCTURE, source="shipped").names) == 11
    assert taken(corpus, Attribute("the weather")).origin == "the attribute's own words"


def test_other_sources(corpus, home):
    (home / "mine.json").write_text(to_json(MINE))
    assert taken(corpus, STORY, source="file", file=str(home / "mine.json")).names == MINE.names
    by_label = taken(corpus, STORY, source="labels", label_column="story", n_examples=2)
    assert set(by_label.names) == set(corpus.labels["story"])
    assert max(len(category.examples) for category in by_label.categories) == 2
    assert taken(corpus, STORY, source="attribute words").kind == "scale"


def test_several_sets_latest_versions_or_a_folder(corpus, home):
    library = CategoryLibrary()
    for each in (MINE, MINE.add(Category("roots")), MINE.add(Category("powers"))):
        library.save(STRUCTURE, each)
    method = create("written-projection", {"n_proposals": 2})
    found = method.proposals(corpus, STRUCTURE, Resources())
    assert [each.names[-1] for each in found] == ["powers", "roots"]
    assert method.categories(corpus, STRUCTURE, Resources()) == found[0]
    folder = home / "sets"
    folder.mkdir()
    with pytest.raises(BadInput, match=r"holds no \.json"):
        taken(corpus, STORY, source="file", file=str(folder))
    for number, each in enumerate(found):
        (folder / f"{number}.json").write_text(to_json(each))
    from_folder = create("written-projection", {"source": "file", "file": str(folder)})
    given = from_folder.proposals(corpus, STORY, Resources())
    assert [each.key for each in given] == [each.key for each in found]


def test_inputs_key_follows_every_set_that_is_averaged(corpus):
    library = CategoryLibrary()
    method = create("written-projection", {"n_proposals": 2})
    library.save(STRUCTURE, MINE)
    one = method.inputs_key(corpus, STRUCTURE)
    library.save(STRUCTURE, MINE.add(Category("roots")))
    two = method.inputs_key(corpus, STRUCTURE)
    library.save(STRUCTURE, MINE)
    assert len({one, two, method.inputs_key(corpus, STRUCTURE)}) == 3


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"source": "shipped"}, BadInput, "No categories are shipped for 'the weather'"),
        ({"source": "file"}, BadInput, "needs option file"),
        ({"source": "labels"}, UnknownName, "label column"),
        ({"source": "anthropic"}, ModelUnavailable, "ANTHROPIC_API_KEY"),
    ],
)
def test_a_source_without_categories_says_so(corpus, options, error, message):
    with pytest.raises(error, match=message):
        taken(corpus, Attribute("the weather"), **options)


def test_inputs_key_follows_what_the_analyst_can_edit(corpus):
    method = create("written-projection")
    before = method.inputs_key(corpus, STRUCTURE)
    CategoryLibrary().save(STRUCTURE, MINE)
    after = method.inputs_key(corpus, STRUCTURE)
    competing = create("written-projection", {"against": STORY.name})
    assert len({before, after, competing.inputs_key(corpus, STRUCTURE)}) == 3


def test_against_must_be_another_known_attribute(corpus):
    with pytest.raises(BadInput, match="no categories are known for 'colour'"):
        create("written-projection", {"against": "colour"}).prepare(corpus, STORY, Resources())
    with pytest.raises(BadInput, match="the attribute itself"):
        create("written-projection", {"against": STORY.name}).prepare(corpus, STORY, Resources())


@pytest.mark.models
def test_asked_for_the_story_it_groups_by_the_story(corpus):
    resources = Resources()
    by_story = create("written-projection").prepare(corpus, STORY, resources)
    codes = corpus.label_codes("story").codes
    nearest = by_story.neighbours(np.arange(40), 1).rows[:, 0]
    assert (codes[nearest] == codes).mean() > 0.6
    by_structure = create("written-projection").prepare(corpus, STRUCTURE, resources)
    assert (by_structure.neighbours(np.arange(40), 1).rows[:, 0] != nearest).mean() > 0.5


@pytest.mark.models
def test_an_unknown_attribute_runs_and_a_new_one_encodes_only_its_categories(corpus):
    create("written-projection").prepare(corpus, STORY, Resources())
    resources = Resources()
    weather = create("written-projection").prepare(corpus, Attribute("the weather"), resources)
    assert isinstance(weather, AxisSimilarity)
    assert resources.meter.passes == 2
    other = create("written-projection").prepare(corpus, Attribute("money"), resources)
    assert not np.allclose(weather.values, other.values)


@pytest.mark.models
def test_borrowed_categories_are_never_the_corpuss_own(home):
    ads = load_corpus("many_view/ads").sample(20, seed=0)
    asked = Attribute("which wish or need of the reader it plays on")
    method = create("written-projection", {"source": "many-view", "n_proposals": 2})
    found = method.proposals(ads, asked, Resources())
    assert len(found) == 2
    assert all("many_view/ads" not in each.origin for each in found)
    assert np.isfinite(method.prepare(ads, asked, Resources()).pairs(*np.triu_indices(20, 1))).all()

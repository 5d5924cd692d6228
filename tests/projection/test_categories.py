import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadInput, StoreError, UnknownName
from engine.projection.categories import Category, CategorySet, from_json, load, to_json
from engine.samples import samples

TONES = CategorySet(
    "tone",
    (
        Category("angry", "They shout.", ("NOW!", "Fix it!")),
        Category("polite", "They thank.", ("Many thanks.",)),
        Category("dry", "They mock.", ()),
    ),
    origin="a test",
)
words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1)
names = words.filter(lambda text: text.strip() != "")
sets = st.builds(
    CategorySet,
    names,
    st.lists(
        st.builds(Category, names, words, st.lists(words, max_size=3).map(tuple)),
        min_size=2,
        max_size=5,
        unique_by=lambda category: category.name.casefold(),
    ).map(tuple),
    st.sampled_from(["kinds", "scale"]),
    names,
)


@given(sets)
def test_export_is_read_back(categories):
    assert from_json(to_json(categories), where="an export") == categories


def test_each_edit_gives_a_new_set():
    assert TONES.add(Category("glad")).names == ("angry", "polite", "dry", "glad")
    assert TONES.drop("polite").names == ("angry", "dry")
    assert TONES.rename("dry", "sarcastic").get("sarcastic").sentence == "They mock."
    assert TONES.put("dry", Category("glum")).names == ("angry", "polite", "glum")
    assert TONES.names == ("angry", "polite", "dry")


def test_merging_joins_sentences_and_examples_in_the_place_of_the_first():
    merged = TONES.merge(["dry", "angry"], "hostile")
    assert merged.names == ("hostile", "polite")
    assert merged.get("hostile") == Category(
        "hostile", "They shout. They mock.", ("NOW!", "Fix it!")
    )


def test_what_cannot_be_done_is_refused():
    pair = TONES.drop("dry")
    with pytest.raises(BadInput, match="two at least"):
        pair.drop("angry")
    with pytest.raises(BadInput, match="two at least"):
        pair.merge(["angry", "polite"], "all")
    with pytest.raises(BadInput, match="Merging needs two"):
        TONES.merge(["angry", "angry"], "all")
    with pytest.raises(BadInput, match="Two categories are called 'angry'"):
        TONES.rename("dry", "Angry")
    with pytest.raises(UnknownName, match="Did you mean 'angry'"):
        TONES.drop("angri")
    with pytest.raises(BadInput, match="needs a name"):
        Category("  ")


def test_key_follows_what_is_encoded_and_not_who_wrote_it():
    again = CategorySet(TONES.attribute, TONES.categories, origin="somebody else")
    assert again.key == TONES.key
    edited = TONES.put("dry", Category("dry", "They mock.", ("How lovely.",)))
    as_scale = CategorySet(TONES.attribute, TONES.categories, kind="scale")
    assert len({TONES.key, edited.key, as_scale.key}) == 3


def listed(*category_names, **extra):
    return json.dumps({"categories": [{"name": n} for n in category_names], **extra})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (listed("calm", "loud"), "kinds"),
        (listed("1 faint", "2 loud"), "scale"),
        (listed("2 loud", "1 faint"), "kinds"),
        (listed("calm", "loud", attribute="how intense it is"), "scale"),
        (listed("calm", "loud", attribute="how it is said"), "kinds"),
        (listed("1 faint", "2 loud", kind="kinds"), "kinds"),
        (listed("calm", "loud", kind="scale"), "scale"),
        ('{"poles": ["calm", "loud"]}', "scale"),
        ('{"steps": [{"name": "calm"}, {"name": "loud"}]}', "scale"),
        ('["calm", "loud"]', "kinds"),
    ],
)
def test_what_is_a_scale(text, kind):
    assert from_json(text, where="a file").kind == kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("3", "a list of categories is wanted"),
        ("{}", "no list under 'categories'"),
        ('{"categories": "calm"}', "no list under"),
        ('{"categories": [{"description": "x"}, 1]}', "has no 'name'"),
        ('{"categories": [{"name": "a", "examples": "b"}, "c"]}', "must be a list of texts"),
        (listed("a", "b", kind="order"), "not 'order'"),
        (listed("a"), "has 1 category"),
    ],
)
def test_bad_json_says_what_is_wrong(text, message):
    with pytest.raises(BadInput, match=message):
        from_json(text, where="a file")


def test_missing_file(tmp_path):
    with pytest.raises(StoreError, match="can't be read"):
        load(tmp_path / "none.json")


def test_every_shipped_set_is_readable_and_only_intensity_is_a_scale():
    paths = [path for each in samples() for path in (each.folder / "categories").glob("*.json")]
    assert len(paths) == 11
    scales = [path.stem for path in paths if load(path).kind == "scale"]
    assert scales == ["intensity"]

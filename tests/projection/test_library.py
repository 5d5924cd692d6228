import threading

import pytest

from engine.errors import StoreError, UnknownName
from engine.projection.categories import Category, CategorySet
from engine.projection.library import CategoryLibrary
from engine.types import Attribute

SIZE = Attribute("size")
TWO = CategorySet("size", (Category("small"), Category("large")))
THREE = TWO.add(Category("huge"))


@pytest.fixture
def library(tmp_path):
    return CategoryLibrary(tmp_path / "categories")


def test_versions_are_kept_and_none_is_overwritten(library):
    assert library.latest(SIZE) is None
    assert [library.save(SIZE, TWO), library.save(SIZE, THREE)] == [1, 2]
    assert library.versions(SIZE) == (1, 2)
    assert library.load(SIZE, 1) == TWO
    assert library.latest(SIZE) == THREE


def test_the_latest_few_come_newest_first(library):
    assert library.latest_few(SIZE, 3) == ()
    for each in (TWO, THREE):
        library.save(SIZE, each)
    assert library.latest_few(SIZE, 3) == (THREE, TWO)
    assert library.latest_few(SIZE, 1) == (THREE,)


def test_saving_the_latest_again_makes_no_version_but_going_back_does(library):
    library.save(SIZE, TWO)
    assert library.save(SIZE, TWO) == 1
    library.save(SIZE, THREE)
    assert library.save(SIZE, TWO) == 3


def test_attributes_do_not_share_versions(library):
    library.save(SIZE, TWO)
    assert library.versions(Attribute("size", "how big")) == ()


def test_unknown_version_and_forgetting(library):
    library.save(SIZE, TWO)
    with pytest.raises(UnknownName, match="Known: 1"):
        library.load(SIZE, 7)
    library.forget(SIZE)
    assert library.latest(SIZE) is None


def test_two_writers_never_take_one_number(library):
    others = [TWO.add(Category(f"size {i}")) for i in range(8)]
    writers = [threading.Thread(target=library.save, args=(SIZE, each)) for each in others]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    kept = {library.load(SIZE, version).key for version in library.versions(SIZE)}
    assert kept == {each.key for each in others}
    assert not list(library.folder.rglob("*.part"))


def test_a_proposal_is_asked_for_once(library):
    asked = []

    def propose():
        asked.append(1)
        return TWO

    assert not library.has_proposal("k")
    assert [library.proposal("k", propose), library.proposal("k", propose)] == [TWO, TWO]
    assert len(asked) == 1
    assert library.has_proposal("k")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="can't be kept"):
        CategoryLibrary(tmp_path / "file").save(SIZE, TWO)

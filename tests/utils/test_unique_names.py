"""Names of pictures: stems where these suffice, numbers where two files share one."""

from mmmaskattn.utils.files import unique_names


def test_stems_suffice():
    assert unique_names(['a/1.jpg', 'b/2.png', 'a/1.jpg']) == {'a/1.jpg': '1', 'b/2.png': '2'}


def test_equal_stems_in_other_folders_or_with_other_suffixes_are_numbered():
    names = unique_names(['a/1.jpg', 'b/1.jpg', 'a/1.jpg', 'a/1.png'])
    assert names == {'a/1.jpg': '000000_1', 'b/1.jpg': '000001_1', 'a/1.png': '000002_1'}


def test_a_stem_that_looks_like_a_number_clashes_with_none():
    names = unique_names(['a/x.jpg', 'b/x.jpg', 'b/000000_x.jpg'])
    assert len(set(names.values())) == 3

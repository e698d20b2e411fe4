"""Whole files or none, free folders, names that are unlike."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmmaskattn.utils.files import atomic_open, atomic_write, free_folder, remove_partial_files, unique_names


def test_writes_into_a_new_folder_and_leaves_nothing_else(tmp_path: Path):
    atomic_write(tmp_path / 'new/a.bin', b'whole')
    assert (tmp_path / 'new/a.bin').read_bytes() == b'whole'
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a.bin']


def test_the_name_does_not_exist_before_the_end(tmp_path: Path):
    with atomic_open(tmp_path / 'a.bin') as file:
        file.write(b'half')
        file.flush()
        assert not (tmp_path / 'a.bin').exists()
    assert (tmp_path / 'a.bin').read_bytes() == b'half'


def test_a_failure_keeps_the_old_file(tmp_path: Path):
    atomic_write(tmp_path / 'a.bin', b'old')
    with pytest.raises(TypeError), atomic_open(tmp_path / 'a.bin') as file:
        file.writelines([b'new, but not', 'bytes'])
    assert (tmp_path / 'a.bin').read_bytes() == b'old'
    assert len(list(tmp_path.iterdir())) == 1


def test_removes_what_a_killed_process_left(tmp_path: Path):
    atomic_write(tmp_path / 'a.bin', b'whole')
    (tmp_path / '.b.bin.123.partial').write_bytes(b'ha')
    (tmp_path / 'below').mkdir()
    assert remove_partial_files(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.bin', 'below']
    assert remove_partial_files(tmp_path / 'absent') == 0


def test_absent_and_empty_folders_are_free(tmp_path: Path):
    assert free_folder(tmp_path / 'new') == tmp_path / 'new'
    assert not (tmp_path / 'new').exists()
    (tmp_path / 'new').mkdir()
    assert free_folder(tmp_path / 'new') == tmp_path / 'new'


def test_what_holds_files_is_left_and_a_number_added(tmp_path: Path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/old.txt').write_text('x')
    (tmp_path / 'out_2').write_text('a file')
    assert free_folder(tmp_path / 'out') == tmp_path / 'out_3'


def test_stems_suffice():
    assert unique_names(['a/1.jpg', 'b/2.png', 'a/1.jpg']) == {'a/1.jpg': '1', 'b/2.png': '2'}


def test_equal_stems_in_other_folders_or_with_other_suffixes_are_numbered():
    names = unique_names(['a/1.jpg', 'b/1.jpg', 'a/1.jpg', 'a/1.png'])
    assert names == {'a/1.jpg': '000000_1', 'b/1.jpg': '000001_1', 'a/1.png': '000002_1'}


def test_a_stem_that_looks_like_a_number_clashes_with_none():
    names = unique_names(['a/x.jpg', 'b/x.jpg', 'b/000000_x.jpg'])
    assert len(set(names.values())) == 3

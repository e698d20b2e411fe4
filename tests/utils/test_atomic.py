"""Whole files or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmmaskattn.utils.files import atomic_open, atomic_write, remove_partial_files


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

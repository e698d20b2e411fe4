"""Regular files and folders that end."""

from __future__ import annotations

import os

import pytest

from mmmaskattn.utils.files import check_regular, read_regular, walk_files


def test_files_are_read_and_what_is_missing_is_left_to_the_reader(tmp_path):
    (tmp_path / 'a').write_bytes(b'x')
    (tmp_path / 'link').symlink_to('a')
    assert read_regular(tmp_path / 'link') == b'x'
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / 'gone')


def test_folders_pipes_and_devices_are_told_apart(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'zero').symlink_to('/dev/zero')
    with pytest.raises(ValueError, match='a folder'):
        check_regular(tmp_path)
    for name in ('pipe', 'zero'):
        with pytest.raises(ValueError, match=rf'{name}: a pipe, socket or device\. Expected a regular file'):
            check_regular(tmp_path / name)


def test_all_files_are_listed_through_links(tmp_path):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/b').touch()
    (tmp_path / 'in/a').touch()
    (tmp_path / 'in/link').symlink_to(tmp_path / 'out')
    assert sorted(walk_files(tmp_path / 'in')) == ['a', 'link/b']
    assert list(walk_files(tmp_path / 'gone')) == []


def test_folders_that_link_to_one_another_end(tmp_path):
    for number in range(30):  # by names, 2 to the power of 30 ways
        (tmp_path / str(number)).mkdir()
        for name in 'xy':
            (tmp_path / str(number) / name).symlink_to(tmp_path / str(number + 1))
    with pytest.raises(ValueError, match='the same folder as'):
        list(walk_files(tmp_path / '0'))

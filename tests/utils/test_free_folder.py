from __future__ import annotations

from pathlib import Path

from mmmaskattn.utils.files import free_folder


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

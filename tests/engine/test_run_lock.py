"""A work folder that another training is using is refused; a killed one frees it."""

import pytest
from tiny_training import Started, write_tiny

from mmmaskattn.engine.run_lock import WorkFolderError, sole_training


def test_a_second_training_is_refused_and_a_killed_one_frees_the_folder(tmp_path):
    config = write_tiny(tmp_path)
    first = Started(config, '--work-dir', 'work', TINY_DELAY='0.1')
    first.until(lambda: 'Epoch(train)' in first.text)
    with (
        pytest.raises(WorkFolderError, match=r'work: another training is using this work folder'),
        sole_training(tmp_path / 'work', patience=0),
    ):
        pass
    first.process.kill()
    first.end()
    with sole_training(tmp_path / 'work', patience=0):
        pass


def test_of_several_processes_the_first_holds_it(tmp_path, monkeypatch):
    with sole_training(tmp_path, patience=0):
        monkeypatch.setenv('RANK', '1')
        with sole_training(tmp_path, patience=0):
            pass

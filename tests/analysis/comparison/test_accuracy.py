from __future__ import annotations

import json

import pytest

from mmmaskattn.analysis.comparison.accuracy import read_accuracy


def write(path, *runs):
    """A result file as accuracy.py writes it; runs are (stem, seed, epochs, mIoU)."""
    results = {
        f'{stem}/epochs{epochs}_seed{seed}/lowres': dict(
            config=f'configs/maskattn/{stem}.py',
            seed=seed,
            epochs=epochs,
            options=['a=1'],
            protocol='lowres',
            metrics={'lowres/mIoU': value, 'lowres/aAcc': 80.0},
        )
        for stem, seed, epochs, value in runs
    }
    path.write_text(json.dumps(results))
    return path


def test_seeds_of_several_files_are_joined(tmp_path):
    paths = [write(tmp_path / 'a', ('x', 0, 45, 40.0), ('y', 0, 45, 30.0)), write(tmp_path / 'b', ('x', 1, 45, 42.0))]
    found = read_accuracy(paths, ['x', 'y', 'z'], ['mIoU', 'PQ'])
    assert found['x']['mIoU'].values == (40.0, 42.0)
    assert str(found['x']['mIoU']) == '41.0 ± 1.4'
    assert str(found['y']['mIoU']) == '30.0'
    assert found['x']['mIoU'].setting == 'lowres, 45 epochs, a=1'
    assert 'z' not in found
    assert set(found['x']) == {'mIoU'}


def test_no_files_no_accuracy():
    assert read_accuracy([], ['x'], ['mIoU']) == {}


def test_settings_are_not_mixed(tmp_path):
    path = write(tmp_path / 'a', ('x', 0, 45, 40.0), ('x', 1, 60, 42.0))
    with pytest.raises(ValueError, match=r'x has results of 2 settings.*45 epochs.*60 epochs'):
        read_accuracy([path], ['x'], ['mIoU'])


def test_results_of_other_configs_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"the files are of \['x'\], the configs compared are \['y'\]"):
        read_accuracy([write(tmp_path / 'a', ('x', 0, 45, 40.0))], ['y'], ['mIoU'])


@pytest.mark.parametrize('text', ['{', '[]', '{"a": {"config": "x.py"}}'])
def test_other_files_are_refused(tmp_path, text):
    (tmp_path / 'a').write_text(text)
    with pytest.raises(ValueError, match='a: not a result file'):
        read_accuracy([tmp_path / 'a'], ['x'], ['mIoU'])


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'nowhere\.json: no such file'):
        read_accuracy([tmp_path / 'nowhere.json'], ['x'], ['mIoU'])

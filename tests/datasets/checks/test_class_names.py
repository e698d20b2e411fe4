"""Class names that are one string are refused wherever they enter."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from mmmaskattn.data_tools.check import check_config
from mmmaskattn.datasets import CamVidDataset, CocoInstanceDataset, CocoPanopticDataset, CocoPanopticSemanticDataset
from mmmaskattn.datasets.check_root import check_data_roots
from mmmaskattn.datasets.checks.class_names import check_class_names

WORDS = r"'car': a string, each letter of which would be a class\. Expected a list of names: \['car'\], or with a comma"
YOURS = Path(__file__).parents[3] / 'configs/your_data'


@pytest.mark.parametrize('key', ['classes', 'thing_classes', 'stuff_classes'])
@pytest.mark.parametrize('kind', [CocoInstanceDataset, CocoPanopticDataset, CocoPanopticSemanticDataset])
def test_our_data_sets_refuse_a_string(kind, key):
    with pytest.raises(ValueError, match=rf'metainfo\.{key}={WORDS}'):
        kind(ann_file='a.json', metainfo={key: 'car'}, lazy_init=True)


def test_camvid_refuses_a_string(tmp_path):
    for folder in ('train', 'trainannot'):
        (tmp_path / folder).mkdir()
    with pytest.raises(ValueError, match=rf'metainfo\.classes={WORDS}'):
        CamVidDataset(str(tmp_path), metainfo=dict(classes='car'))


@pytest.mark.parametrize(
    ('task', 'name'), [('semantic', 'classes'), ('instance', 'classes'), ('panoptic', 'thing_classes')]
)
def test_a_forgotten_comma_stops_training_and_check_in_the_same_words(tmp_path, monkeypatch, task, name):
    monkeypatch.setenv('CUSTOM_ROOT', str(tmp_path))
    text = (YOURS / f'{task}_128.py').read_text()
    start = text.index(f'\n{name} = ') + 1
    line = text[start : text.index('\n', start)]
    leaf = tmp_path / 'leaf.py'
    leaf.write_text(text.replace(line, f"{name} = ('car')"))
    cfg = Config.fromfile(leaf)
    with pytest.raises(ValueError, match=rf'^train_dataloader\.dataset\.metainfo\.{name}={WORDS}') as error:
        check_data_roots(cfg)
    (problem,) = check_config(cfg, ('train',), workers=1).problems
    assert str(problem) == f'error: {error.value}'


@pytest.mark.parametrize(
    ('names', 'words'),
    [
        ((), 'expected a list of names'),
        (3, 'expected a list'),
        ((1, 2), 'expected a list'),
        (('a', 'a'), 'more than once'),
    ],
)
def test_what_else_is_no_list_of_names(names, words):
    with pytest.raises(ValueError, match=rf'^x\.classes.*{words}'):
        check_class_names(dict(classes=names), 'x')


def test_names_and_a_file_of_names_pass(tmp_path):
    (tmp_path / 'names.txt').write_text('car\n')
    for names in (('car',), ['car', 'bus'], str(tmp_path / 'names.txt'), None):
        check_class_names(dict(classes=names, stuff_classes=()))
    check_class_names(None)

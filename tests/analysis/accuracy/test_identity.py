"""What tells two runs apart: the config's content and its data."""

from __future__ import annotations

import os

import pytest
from mmengine.config import Config

from mmmaskattn.analysis.accuracy.identity import fingerprint_of, provenance
from mmmaskattn.datasets.config_file import read_config_file

CONFIG = """
model = dict(type='A', channels=(8, 16))
optim_wrapper = dict(optimizer=dict(lr=0.1))
train_dataloader = dict(dataset=dict(data_root='{root}', ann_file='list.json', data_prefix=dict(img='images')))
"""


@pytest.fixture
def path(tmp_path):
    (tmp_path / 'data/images').mkdir(parents=True)
    (tmp_path / 'data/list.json').write_text('[]')
    (tmp_path / 'data/images/a.png').write_bytes(b'one')
    path = tmp_path / 'config.py'
    path.write_text(CONFIG.format(root=tmp_path / 'data'))
    return path


def mark(path, **options):
    return fingerprint_of(read_config_file(path, options))


def test_the_same_content_written_otherwise_is_the_same(path):
    before = mark(path)
    text = (
        path.read_text().replace('(8, 16)', '[8,16]').replace("type='A', channels=[8,16]", "channels=[8, 16], type='A'")
    )
    path.write_text(f'# a comment\n{text}')
    assert mark(path) == before


def test_an_edited_config_is_another(path):
    before = mark(path)
    assert mark(path, **{'optim_wrapper.optimizer.lr': 0.2}) != before
    path.write_text(path.read_text().replace('lr=0.1', 'lr=0.2'))
    assert mark(path) == mark(path, **{'optim_wrapper.optimizer.lr': 0.2}) != before


@pytest.mark.parametrize('change', ['list', 'time', 'size', 'name', 'more'])
def test_other_data_is_another(path, change):
    before, data = mark(path), path.parent / 'data'
    if change == 'list':
        (data / 'list.json').write_text('[1]')
    elif change == 'time':
        os.utime(data / 'list.json', (1, 1))
    elif change == 'size':
        (data / 'images/a.png').write_bytes(b'other')
    elif change == 'name':
        (data / 'images/a.png').rename(data / 'images/b.png')
    else:
        (data / 'images/b.png').write_bytes(b'')
    assert mark(path) != before


def test_data_named_by_its_root_alone_counts(tmp_path):
    cfg = Config(dict(test_dataloader=dict(dataset=dict(data_root=str(tmp_path)))))
    before = fingerprint_of(cfg)
    (tmp_path / 'a.png').write_bytes(b'one')
    assert fingerprint_of(cfg) != before


def test_versions_and_revision_are_told():
    told = provenance()
    assert {'mmmaskattn', 'torch', 'mmengine'} <= set(told['versions'])
    assert told['revision'] is None or len(told['revision'].removesuffix('+changes')) == 40

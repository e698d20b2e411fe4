from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from mmmaskattn.datasets.check_root import check_data_roots

CONFIGS = Path(__file__).parents[2] / 'configs/_base_/datasets'
NAMES = ('ade20k', 'coco', 'cityscapes', 'camvid', 'ccp', 'legend', 'magnetic_tile')
VARIABLES = {name: f'{name.upper()}_ROOT' for name in NAMES}


def config(dataset: dict, loader: str = 'train_dataloader') -> Config:
    return Config({loader: dict(dataset=dataset)})


@pytest.mark.parametrize('name', VARIABLES)
def test_our_configs_name_path_option_and_variable(name, monkeypatch):
    monkeypatch.setenv(VARIABLES[name], '/no/such folder')
    cfg = Config.fromfile(CONFIGS / f'{name}_semantic_128.py')
    message = rf'^train_dataloader\.dataset\.data_root: /no/such folder does not.*{VARIABLES[name]}.*--cfg-options'
    with pytest.raises(FileNotFoundError, match=message):
        check_data_roots(cfg)


@pytest.mark.parametrize('name', VARIABLES)
def test_the_default_root_names_the_variable_too(name, monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLES[name], raising=False)
    monkeypatch.chdir(tmp_path)
    cfg = Config.fromfile(CONFIGS / f'{name}_semantic_128.py')
    with pytest.raises(FileNotFoundError, match=rf'{tmp_path}/data/.* does not exist.*{VARIABLES[name]}'):
        check_data_roots(cfg)


def test_folders_and_lists_under_the_root_are_looked_at(tmp_path):
    (tmp_path / 'images').mkdir()
    dataset = dict(data_root=str(tmp_path), data_prefix=dict(img_path='images'), ann_file='list.txt')
    message = r'^train_dataloader\.dataset\.ann_file: .*list\.txt.*dataset\.data_root='
    with pytest.raises(FileNotFoundError, match=message):
        check_data_roots(config(dataset))
    (tmp_path / 'list.txt').touch()
    check_data_roots(config(dataset))
    dataset['data_prefix']['seg_map_path'] = 'labels'
    with pytest.raises(FileNotFoundError, match=r'data_prefix\.seg_map_path: .*/labels does not exist'):
        check_data_roots(config(dataset))


def test_wrapped_data_sets_are_followed(tmp_path):
    inner = dict(type='X', data_root=str(tmp_path / 'absent'))
    repeated = dict(type='RepeatDataset', times=2, dataset=inner)
    with pytest.raises(FileNotFoundError, match=r'^val_dataloader\.dataset\.dataset\.data_root'):
        check_data_roots(config(repeated, 'val_dataloader'))
    joined = dict(type='ConcatDataset', datasets=[dict(data_root=str(tmp_path)), repeated])
    with pytest.raises(FileNotFoundError, match=r'^test_dataloader\.dataset\.datasets\.1\.dataset\.data_root'):
        check_data_roots(config(joined, 'test_dataloader'))


def test_only_the_loaders_asked_for_are_checked(tmp_path):
    cfg = config(dict(data_root=str(tmp_path / 'absent')))
    check_data_roots(cfg, ('test_dataloader',))


def test_remote_and_absent_roots_are_left_alone():
    check_data_roots(config(dict(data_root='s3://bucket/ade', data_prefix=dict(img_path='images'))))
    check_data_roots(config(dict(type='mmmaskattn.X')))
    check_data_roots(Config(dict(train_dataloader=None)))

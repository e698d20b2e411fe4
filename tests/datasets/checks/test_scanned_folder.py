"""Folders and lists of mmseg's data sets: no circle of links, no way out, nothing that runs code or blocks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hostile_files import COLOURS, LABELS, encoded
from mmengine.config import Config

from mmmaskattn.data_tools.check import check_config
from mmmaskattn.data_tools.shrink import shrink_dataset
from mmmaskattn.datasets import CamVidDataset
from mmmaskattn.datasets.check_root import check_data_roots


@pytest.fixture
def root(tmp_path) -> Path:
    for folder, array in (('images', COLOURS), ('labels', LABELS)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'a.png').write_bytes(encoded(array))
    return tmp_path


def config(root: Path, **values) -> Config:
    dataset = dict(
        type='BaseSegDataset',
        data_root=str(root),
        metainfo=dict(classes=('background', 'cell')),
        img_suffix='.png',
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        **values,
    )
    return Config(dict(default_scope='mmseg', train_dataloader=dict(dataset=dataset)))


def refused(cfg: Config) -> str:
    """What the start of a training and the check say, which is the same."""
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        check_data_roots(cfg)
    lines = [str(problem) for problem in check_config(cfg, ('train',), workers=1).problems]
    assert lines == [f'error: {error.value}']
    return str(error.value)


def test_sound_folders_pass(root):
    check_data_roots(config(root))
    assert check_config(config(root), ('train',), workers=1).problems == []


@pytest.mark.parametrize('links', [('x', 'y'), ('x',)])
def test_links_in_a_circle_end(root, links):
    for name in links:
        (root / 'images' / name).symlink_to('.')
    assert refused(config(root)).startswith(f'{root}/images/x: the same folder as {root}/images, reached by a link')


def test_links_among_the_labels_end_too(root):
    for name in ('x', 'y'):
        (root / 'labels' / name).symlink_to('.')
    (problem,) = check_config(config(root), ('train',), workers=1).problems
    assert str(problem).startswith(f'error: {root}/labels/x: the same folder as {root}/labels')


def test_a_link_to_a_folder_elsewhere_is_followed(root):
    (root / 'images').rename(root / 'elsewhere')
    (root / 'images').mkdir()
    (root / 'images/city').symlink_to(root / 'elsewhere')
    (root / 'labels').rename(root / 'city')
    (root / 'labels').mkdir()
    (root / 'city').rename(root / 'labels/city')
    assert check_config(config(root), ('train',), workers=1).problems == []


def test_shrink_ends_where_links_go_in_a_circle(tmp_path):
    (tmp_path / 'ade/images/training').mkdir(parents=True)
    for name in ('x', 'y'):
        (tmp_path / f'ade/images/training/{name}').symlink_to('.')
    assert shrink_dataset(tmp_path / 'ade', tmp_path / 'copy', 16, workers=1).problems == 1
    (line,) = (tmp_path / 'copy/.shrink/problems.txt').read_text().splitlines()
    assert 'training/x: the same folder as ' in line


def test_an_empty_folder_names_folder_and_suffix(root, tmp_path):
    (root / 'images/a.png').unlink()
    line = refused(config(root))
    option = 'train_dataloader.dataset.data_prefix.img_path'
    assert line == f'{option}: {root}/images: no file named *.png in it or below.'
    (tmp_path / 'train').mkdir()
    (tmp_path / 'trainannot').mkdir()
    with pytest.raises(FileNotFoundError, match=rf'{tmp_path}/train: no file named \*\.png'):
        CamVidDataset(str(tmp_path))
    (tmp_path / 'ade/images/training').mkdir(parents=True)
    shrink_dataset(tmp_path / 'ade', tmp_path / 'copy', 16, workers=1)
    assert 'training: no file named *.jpg' in (tmp_path / 'copy/.shrink/problems.txt').read_text()


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        (b'a\n../../x\n', "line 2: found '../../x', expected a relative name that stays in its folder"),
        (b'/etc/passwd\n', "line 1: found '/etc/passwd', expected a relative name"),
        (b'..\\x\n', 'expected a relative name'),
        (b'\xff\xfe\n', 'no list of names: not UTF-8'),
    ],
)
def test_names_of_a_list_stay_in_their_folder(root, text, words):
    (root / 'list.txt').write_bytes(text)
    line = refused(config(root, ann_file='list.txt'))
    assert line.startswith(f'{root}/list.txt: ')
    assert words in line


@pytest.mark.parametrize('key', ['ann_file', 'proposal_file'])
@pytest.mark.parametrize('name', ['a.pkl', 'a.PICKLE', 'a.yaml'])
def test_files_that_run_code_are_refused(root, key, name):
    (root / name).touch()
    line = refused(config(root, **{key: name}))
    assert line.startswith(f'train_dataloader.dataset.{key}: {root}/{name}: reading it would run what code is in it.')


def test_a_pipe_as_list_does_not_block(root):
    os.mkfifo(root / 'list.txt')
    assert refused(config(root, ann_file='list.txt')).startswith(f'{root}/list.txt: a pipe, socket or device')

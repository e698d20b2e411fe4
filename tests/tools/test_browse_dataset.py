"""The command tools/analysis/browse_dataset.py on the three tasks, on mmdet's configs, and on broken data."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
from pathlib import Path

import mmdet
import mmseg
import numpy as np
import pytest
from PIL import Image
from shrink_data import draw_prepared
from small_job import run_tool

from mmmaskattn.data_tools.mini import write_mini

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/analysis/browse_dataset.py'
DSB2018 = ROOT / '../shared/data/dsb2018_128'
ADE20K = 'maskattn/ade20k_semantic_128_tiny.py'
SPEC = importlib.util.spec_from_file_location('browse_dataset', TOOL)
browse_dataset = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(browse_dataset)


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> Path:
    """Roots of the three layouts."""
    folder = tmp_path_factory.mktemp('data')
    for layout in ('ade20k', 'coco', 'cityscapes'):
        write_mini(layout, folder / layout, num_train=4, num_val=2, size=(96, 128))
    return folder


@pytest.fixture(scope='module')
def prepared(tmp_path_factory) -> Path:
    """Roots of the two layouts whose instance and panoptic files are made by the prepare tools."""
    folder = tmp_path_factory.mktemp('prepared')
    for layout in ('ade20k', 'cityscapes'):
        draw_prepared(layout, folder / layout, num_train=1, num_val=1)
    return folder


@pytest.fixture(autouse=True)
def _roots(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for layout in ('ade20k', 'coco', 'cityscapes'):
        monkeypatch.setenv(f'{layout.upper()}_ROOT', str(data / layout))
    monkeypatch.setenv('DSB2018_ROOT', str(DSB2018))
    monkeypatch.chdir(tmp_path)


def browse(config: str | Path, *options: str, folder: str = 'out') -> list[np.ndarray]:
    """Run the tool in this process; return the pictures, in the order of their names."""
    path = Path(config) if Path(config).is_absolute() else ROOT / 'configs' / config
    browse_dataset.main([str(path), '--panel', '128', '--output-dir', folder, *options])
    return [np.asarray(Image.open(file)) for file in sorted(Path(folder).iterdir())]


def colour_count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(axis=2).sum())


@pytest.mark.slow
def test_run_as_users_run_it_from_another_folder(tmp_path: Path):
    config = ROOT / 'configs/maskattn/ade20k_semantic_128_tiny.py'
    printed = run_tool('analysis/browse_dataset.py', config, '--number', '2', cwd=tmp_path, **os.environ)
    folder = tmp_path / 'work_dirs/browse/ade20k_semantic_128_tiny_train'
    assert '2/2' in printed, 'progress'
    assert len(list(folder.glob('*_ADE_train_*.png'))) == 2


@pytest.mark.parametrize('layout', ['ade20k', 'coco', 'cityscapes'])
def test_semantic_configs_of_the_three_layouts(layout: str):
    pictures = browse(f'maskattn/{layout}_semantic_128_tiny.py', '--indices', '1', '--split', 'val')
    assert len(pictures) == 1
    assert pictures[0].std() > 20


def write_leaf(base: str, path: Path) -> Path:
    """A config of a data set's base file and the runtime."""
    bases = [str(ROOT / f'configs/_base_/{name}.py') for name in (f'datasets/{base}', 'default_runtime')]
    path.write_text(f"_base_ = {bases}\ndefault_scope = 'mmdet'\n")
    return path


@pytest.mark.parametrize('layout', ['ade20k', 'cityscapes'])
@pytest.mark.parametrize('task', ['panoptic', 'instance'])
def test_instances_and_segments_of_the_prepared_layouts(
    prepared: Path, layout: str, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(f'{layout.upper()}_ROOT', str(prepared / layout))
    (picture,) = browse(write_leaf(f'{layout}_{task}_128', tmp_path / 'leaf.py'), '--split', 'val', '--indices', '0')
    assert colour_count(picture[116:384, 20:568], (255, 255, 255)) > 100, 'white lines around instances'


@pytest.mark.parametrize('task', ['panoptic', 'instance'])
def test_instances_are_outlined_and_their_classes_are_in_the_legend(task: str, tmp_path: Path):
    config = write_leaf(f'coco_{task}_128', tmp_path / 'leaf.py')
    semantic, instances = (
        browse(path, '--split', 'val', '--indices', '0', folder=path.stem)[0]
        for path in (ROOT / 'configs/maskattn/coco_semantic_128_tiny.py', config)
    )
    lines = [colour_count(picture[116:384, 20:568], (255, 255, 255)) for picture in (semantic, instances)]
    assert lines[1] > lines[0] + 100, 'white lines around instances, in the two large panels'


@pytest.mark.skipif(not DSB2018.is_dir(), reason='the nuclei data set is not beside the repository')
@pytest.mark.parametrize('task', ['instance', 'panoptic'])
def test_real_nuclei(task: str):
    (picture,) = browse(f'maskattn/dsb2018_{task}_128.py', '--indices', '3')
    assert colour_count(picture, (64, 64, 64)) >= 400, 'background in the legend'


def test_mmdets_mask_rcnn_config_and_its_boxes(data: Path):
    config = Path(mmdet.__file__).parent / '.mim/configs/mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py'
    options = ['--indices', '0', '--cfg-options', f'train_dataloader.dataset.data_root={data}/coco/']
    (plain,) = browse(config, *options)
    (boxes,) = browse(config, '--boxes', *options, folder='boxes')
    assert plain.shape == boxes.shape
    assert (plain != boxes).any()


def test_mmsegs_config_with_its_own_pipeline(data: Path):
    config = Path(mmseg.__file__).parent / '.mim/configs/segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py'
    pictures = browse(config, '--number', '1', '--cfg-options', f'train_dataloader.dataset.data_root={data}/ade20k')
    assert len(pictures) == 1


def test_the_same_seed_gives_the_same_pictures_whatever_else_is_drawn():
    (alone,) = browse(ADE20K, '--indices', '2')
    assert np.array_equal(alone, browse(ADE20K, '--indices', '0', '2', folder='two')[1])
    (other,) = browse(ADE20K, '--indices', '2', '--seed', '1', folder='other')
    assert not np.array_equal(alone[400:], other[400:])


def test_pictures_are_never_overwritten_and_that_is_said(capsys: pytest.CaptureFixture):
    first = browse(ADE20K, '--indices', '0')
    capsys.readouterr()
    second = browse(ADE20K, '--indices', '1')
    assert len(first) == len(second) == 1
    assert np.array_equal(first[0], second[0]), 'the folder is as it was'
    assert len(list(Path('out_2').iterdir())) == 1
    assert 'out_2; out holds files already' in capsys.readouterr().out


def test_a_label_out_of_range_is_shown_named_and_fails(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    root = write_mini('ade20k', tmp_path / 'bad', num_train=2, num_val=1, size=(96, 128))
    label = sorted((root / 'annotations/training').iterdir())[0]
    wrong = np.asarray(Image.open(label)).copy()
    wrong[:5, :5] = 201
    Image.fromarray(wrong).save(label)
    options = ['--indices', '0', '1', '--cfg-options', f'train_dataloader.dataset.data_root={root}']
    with pytest.raises(SystemExit, match='failed on 1 images'):
        browse(ADE20K, *options)
    assert len(list(Path('out').iterdir())) == 2, 'the others are drawn all the same'
    said = capsys.readouterr().out
    assert str(label) in said
    assert '[200]' in said


def test_a_broken_image_is_named(tmp_path: Path, capsys: pytest.CaptureFixture):
    root = write_mini('ade20k', tmp_path / 'bad', num_train=1, num_val=1, size=(96, 128))
    image = next((root / 'images/training').iterdir())
    image.write_bytes(b'no picture')
    options = ['--indices', '0', '--cfg-options', f'train_dataloader.dataset.data_root={root}']
    with pytest.raises(SystemExit, match='failed on 1 images'):
        browse(ADE20K, *options)
    assert str(image) in capsys.readouterr().out


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--indices', '4'], r'--indices: found \[4\], expected 0 to 3'),
        (['--number', '0'], '--number: found 0'),
        (['--columns', '2'], 'columns: found 2'),
        (['--cfg-options', 'train_dataloader.dataset.data_root=nowhere'], 'nowhere does not exist'),
        (['--cfg-options', 'train_dataloader=None'], 'no train_dataloader.dataset'),
        (['--cfg-options', 'train_dataloader.dataset.type=NoSuchDataset'], 'there is no NoSuchDataset'),
    ],
)
def test_wrong_options_end_with_one_line_and_write_nothing(options: list[str], words: str):
    with pytest.raises(SystemExit, match=words):
        browse(ADE20K, *options)
    assert not Path('out').exists()


def test_a_missing_config_is_named():
    with pytest.raises(SystemExit, match=r'there is no config .*nothing\.py'):
        browse('nothing.py')


def test_choice_is_by_seed_without_repetition():
    chosen = browse_dataset.choose_indices(100, browse_dataset.parse_args(['c', '--number', '30']))
    assert chosen == sorted(set(chosen))
    assert len(chosen) == 30
    assert chosen == browse_dataset.choose_indices(100, browse_dataset.parse_args(['c', '--number', '30']))
    assert chosen != browse_dataset.choose_indices(
        100, browse_dataset.parse_args(['c', '--number', '30', '--seed', '1'])
    )
    assert browse_dataset.choose_indices(3, browse_dataset.parse_args(['c'])) == [0, 1, 2]


def test_an_image_of_very_many_instances_is_named_and_not_drawn(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    root = shutil.copytree(data / 'coco', tmp_path / 'many')
    path = root / 'annotations/instances_train2017.json'
    content = json.loads(path.read_text())
    image = content['images'][0]
    first = dict(content['annotations'][0], image_id=image['id'], segmentation=[[1, 1, 9, 1, 9, 9]])
    content['annotations'] += [dict(first, id=10**6 + number) for number in range(10_001)]
    path.write_text(json.dumps(content))
    monkeypatch.setenv('COCO_ROOT', str(root))
    with pytest.raises(SystemExit, match='failed on 1 images'):
        browse(write_leaf('coco_instance_128', tmp_path / 'leaf.py'), '--indices', '0', '1')
    said = capsys.readouterr().out
    assert re.search(rf'image 0 \({Path(image["file_name"]).stem}\): data set: 100\d\d instances; not drawn', said)
    assert len(list(Path('out').iterdir())) == 2

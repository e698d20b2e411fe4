"""Parts of a data set: nested, of the right size, and dependent on the images' names alone."""

import random
from pathlib import Path

import pytest
from mmdet.datasets import CocoDataset
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS, init_default_scope
from mmseg.datasets import ADE20KDataset

import mmmaskattn  # noqa: F401  registers the data sets
from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.datasets.fraction import fraction_indices, fraction_size, image_name, set_fraction
from mmmaskattn.engine.training import apply_options, parse_options

ROOT = Path(__file__).parents[2]
PERCENTAGES = (10, 25, 50, 75, 100)
NAMES = [f'train/{number:06d}.jpg' for number in range(997)]


@pytest.fixture(scope='module')
def ade20k(tmp_path_factory):
    return write_mini('ade20k', tmp_path_factory.mktemp('data') / 'ade20k', num_train=10, num_val=2, size=(48, 64))


@pytest.fixture(scope='module')
def coco(tmp_path_factory):
    return write_mini('coco', tmp_path_factory.mktemp('data') / 'coco', num_train=10, num_val=2, size=(48, 64))


def ade20k_config(root: Path, **options) -> dict:
    prefix = dict(img_path='images/training', seg_map_path='annotations/training')
    return dict(type='ADE20KDataset', data_root=str(root), data_prefix=prefix, pipeline=[], **options)


def coco_config(root: Path) -> dict:
    return dict(
        type='mmdet.CocoDataset',
        data_root=str(root),
        ann_file='annotations/instances_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=[],
    )


def part(dataset: dict, percent: float, seed: int = 0, scope: str = 'mmseg') -> BaseDataset:
    init_default_scope(scope)
    return DATASETS.build(dict(type='mmmaskattn.FractionDataset', dataset=dataset, percent=percent, seed=seed))


def names_of(dataset: BaseDataset) -> list[str]:
    return [Path(dataset.get_data_info(index)['img_path']).name for index in range(len(dataset))]


@pytest.mark.parametrize('seed', [0, 1, 12345])
def test_parts_are_nested(seed):
    parts = [set(fraction_indices(NAMES, percent, seed)) for percent in PERCENTAGES]
    assert all(small < large for small, large in zip(parts, parts[1:]))
    assert parts[-1] == set(range(len(NAMES)))


@pytest.mark.parametrize(
    ('total', 'percent', 'expected'),
    [(997, 10, 100), (10, 25, 3), (10, 24.9, 2), (3, 1, 1), (1, 100, 1), (20210, 25, 5053), (20210, 10, 2021)],
)
def test_sizes_are_rounded_to_the_nearest_and_never_zero(total, percent, expected):
    assert fraction_size(total, percent) == expected
    assert len(fraction_indices(list(map(str, range(total))), percent)) == expected


def test_sizes_never_fall_as_the_percentage_grows():
    for total in (1, 2, 7, 367, 2975):
        sizes = [fraction_size(total, percent / 2) for percent in range(1, 201)]
        assert sizes == sorted(sizes)
        assert sizes[-1] == total


@pytest.mark.parametrize('percent', [0, -5, 100.1, 250, float('nan')])
def test_a_percentage_out_of_range_is_refused(percent):
    with pytest.raises(ValueError, match=r'percent=.*over 0 and at most 100'):
        fraction_indices(NAMES, percent)


def test_the_choice_does_not_depend_on_the_order_of_files():
    shuffled = random.Random(3).sample(NAMES, len(NAMES))
    first = {NAMES[index] for index in fraction_indices(NAMES, 25)}
    assert {shuffled[index] for index in fraction_indices(shuffled, 25)} == first


def test_seeds_choose_different_images_and_none_is_preferred():
    chosen = [set(fraction_indices(NAMES, 25, seed)) for seed in range(40)]
    assert len(set(map(frozenset, chosen))) == 40
    counts = [sum(index in part for part in chosen) for index in range(len(NAMES))]
    assert abs(sum(counts[:500]) / 500 - 10) < 0.4  # early and late names alike: 25 % of 40
    assert max(counts) < 25


def test_every_process_chooses_the_same_whatever_its_hash_seed():
    assert fraction_indices(NAMES[:40], 25, 7) == [1, 5, 11, 13, 17, 26, 27, 28, 31, 39]


def test_a_name_does_not_depend_on_where_the_data_lies():
    assert image_name('/here/leftImg8bit/train/aachen/a.png') == image_name('data/aachen/a.png') == 'aachen/a.png'


def test_a_semantic_set_keeps_its_class_and_order(ade20k):
    whole = part(ade20k_config(ade20k), 100)
    assert isinstance(whole, ADE20KDataset)
    assert names_of(whole) == names_of(DATASETS.build(ade20k_config(ade20k)))
    half, tenth = part(ade20k_config(ade20k), 50), part(ade20k_config(ade20k), 10)
    assert (len(half), len(tenth)) == (5, 1)
    assert set(names_of(tenth)) < set(names_of(half))
    assert names_of(half) == sorted(names_of(half))
    assert 'seg_map_path' in half[0]


def test_an_mmdet_set_keeps_its_class_and_its_samplers_methods(coco):
    half = part(coco_config(coco), 50, scope='mmdet')
    assert isinstance(half, CocoDataset)
    assert len(half) == 5
    for index in range(len(half)):
        assert half.get_cat_ids(index) == [instance['bbox_label'] for instance in half[index]['instances']]


def test_a_wrapper_inside_is_refused(ade20k):
    with pytest.raises(TypeError, match=r"'RepeatDataset'.*around each of those"):
        part(dict(type='RepeatDataset', times=2, dataset=ade20k_config(ade20k)), 50)


def test_the_option_reaches_data_sets_under_wrappers(ade20k):
    repeated = dict(type='RepeatDataset', times=2, dataset=ade20k_config(ade20k))
    both = dict(type='ConcatDataset', datasets=[repeated, ade20k_config(ade20k)])
    cfg = Config(dict(train_dataloader=dict(dataset=both), val_dataloader=dict(dataset=ade20k_config(ade20k))))
    set_fraction(cfg, 20)
    init_default_scope('mmseg')
    assert len(DATASETS.build(cfg.train_dataloader.dataset)) == 2 * 2 + 2
    assert len(DATASETS.build(cfg.val_dataloader.dataset)) == 10
    set_fraction(cfg, 50)
    assert len(DATASETS.build(cfg.train_dataloader.dataset)) == 2 * 5 + 5


def test_a_config_without_training_data_is_refused():
    with pytest.raises(ValueError, match=r'no train_dataloader\.dataset'):
        set_fraction(Config(dict(test_dataloader=dict())), 50)


def test_the_command_line_sets_the_fraction(ade20k):
    cfg = Config(dict(train_dataloader=dict(dataset=ade20k_config(ade20k))))
    apply_options(cfg, parse_options(['c.py', '--fraction', '30', '--fraction-seed', '4']))
    built = DATASETS.build(cfg.train_dataloader.dataset)
    assert names_of(built) == names_of(part(ade20k_config(ade20k), 30, seed=4))
    assert len(built) == 3

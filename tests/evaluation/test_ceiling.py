"""What is lost at the network's size: label maps, instances and panoptic maps, a config's data by its evaluators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from edited_json import write_edited
from mmengine.config import Config
from pictures import disc
from scored_samples import THINGS, VOID, evaluate

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.datasets.transforms.low_res_resize import resize_labels
from mmmaskattn.evaluation import InstanceAP, PanopticQuality, SegmentIoU
from mmmaskattn.evaluation.ceiling import (
    NativeCeiling,
    OracleCeiling,
    enlarge_bilinear,
    label_dataset,
    perfect_prediction,
)

CONFIG = Path(__file__).parents[2] / 'configs/_base_/datasets/ade20k_semantic_128.py'


def blocks(size: tuple[int, int], side: int, classes: int = 7) -> np.ndarray:
    """A random label map that is constant in blocks of side x side."""
    small = np.random.default_rng(0).integers(0, classes, size).astype(np.uint8)
    return small.repeat(side, 0).repeat(side, 1)


@pytest.mark.parametrize('side', [1, 2, 5])
def test_blocks_of_one_network_pixel_lose_nothing(side):
    ceiling = OracleCeiling(7, (128, 128))
    ceiling.add(blocks((128, 128), side))
    assert ceiling.result()['nearest'] == {'mIoU': 100.0, 'mAcc': 100.0, 'aAcc': 100.0}


def test_stripes_finer_than_a_pixel_have_a_ceiling_in_closed_form():
    # Period 5 at 640: the centre column (2) is class 1, the four others class 0. At 128 only class 1 is left.
    truth = np.zeros((640, 640), np.uint8)
    truth[:, 2::5] = 1
    ceiling = OracleCeiling(2, (128, 128))
    ceiling.add(truth)
    for scores in ceiling.result().values():
        assert scores['mIoU'] == pytest.approx((0 + 20) / 2)
        assert scores['aAcc'] == pytest.approx(20)


def test_bilinear_is_smoother_than_nearest_on_a_disc():
    truth = disc((480, 640), (200, 300), 90)[1]
    ceiling = OracleCeiling(2, (64, 64))
    ceiling.add(truth)
    scores = {method: score['mIoU'] for method, score in ceiling.result().items()}
    assert 90 < scores['nearest'] < scores['bilinear'] < 100


def test_ignored_pixels_are_not_scored():
    truth = blocks((64, 64), 2)
    truth[:, 64:] = 255
    ceiling = OracleCeiling(7, (64, 64))
    ceiling.add(truth)
    assert ceiling.result()['nearest']['mIoU'] == 100


def test_enlarging_inverts_reducing_of_whole_factors():
    small = np.random.default_rng(1).integers(0, 5, (16, 20)).astype(np.uint8)
    for factor in (1, 2, 3, 5):
        large = resize_labels(small, (16 * factor, 20 * factor))
        assert np.array_equal(large, small.repeat(factor, 0).repeat(factor, 1))
        assert np.array_equal(resize_labels(large, (16, 20)), small)


def test_bilinear_keeps_a_constant_map_and_an_ignored_one():
    for label in (3, 255):
        assert (enlarge_bilinear(np.full((16, 16), label, np.uint8), (50, 70)) == label).all()


def test_size_sets_the_ceiling_on_the_mini_set(tmp_path, monkeypatch):
    monkeypatch.setenv('ADE20K_ROOT', str(write_mini('ade20k', tmp_path / 'ade', num_train=1, num_val=4)))
    dataset = label_dataset(Config.fromfile(CONFIG))
    scores = []
    for side in (16, 32, 64, 128):
        ceiling = OracleCeiling(150, (side, side))
        for sample in dataset:
            assert 'img' not in sample
            ceiling.add(sample['gt_seg_map'])
        scores.append(ceiling.result()['nearest']['mIoU'])
    assert scores == sorted(scores)
    assert scores[0] < 80
    assert 80 < scores[-1] < 100


def test_pipeline_without_labels_is_refused():
    cfg = Config.fromfile(CONFIG)
    cfg.test_dataloader.dataset.pipeline = [dict(type='LoadImageFromFile')]
    with pytest.raises(ValueError, match=r'ade20k_semantic_128\.py: .* loads no labels'):
        label_dataset(cfg)


CAT, DOG, COW, SKY, SEA = range(5)


def results(ids: np.ndarray, labels: list[int], crowds: tuple[int, ...] = ()) -> dict:
    segments = [
        dict(id=k, label=label, isthing=label < len(THINGS), iscrowd=int(k in crowds))
        for k, label in enumerate(labels, 1)
    ]
    return dict(gt_id_map=ids.astype(np.int32), segments=segments, img_id=1, img_path='a.png')


def figures(ids, labels, size, crowds=()) -> dict[str, float]:
    sample = perfect_prediction(results(ids, labels, crowds), size, VOID)
    metrics: dict[str, float] = {}
    for metric in (PanopticQuality(), InstanceAP(), SegmentIoU()):
        metrics.update(evaluate(metric, [sample]))
    return metrics


def quarters() -> np.ndarray:
    """Two cats, sky and sea, a quarter each."""
    return np.kron([[1, 2], [3, 4]], np.ones((64, 64), int))


def test_at_native_size_nothing_is_lost():
    metrics = figures(quarters(), [CAT, CAT, SKY, SEA], (128, 128))
    assert all(metrics[name] == pytest.approx(100) for name in ('PQ', 'PQ_things', 'AP', 'AP@100', 'mIoU', 'aAcc'))


def test_whole_factors_and_straight_borders_lose_nothing():
    """Bilinear one-hot masks cross one half on the border between two pixels, which is the true one."""
    metrics = figures(quarters(), [CAT, CAT, SKY, SEA], (32, 32))
    assert metrics['PQ'] > 99
    assert metrics['AP'] == pytest.approx(100)
    assert metrics['mIoU'] > 99


def test_disc_loses_little_and_more_at_fewer_pixels():
    ids = 2 - disc((480, 640), (200, 300), 60)[1].astype(int)
    scores = [figures(ids, [DOG, SEA], (side, side)) for side in (16, 32, 64, 128)]
    assert [one['SQ_things'] for one in scores] == sorted(one['SQ_things'] for one in scores)
    assert 80 < scores[0]['SQ_things'] < 95 < scores[-1]['SQ_things'] < 100
    assert scores[-1]['mIoU_stuff'] > 99


def test_instance_under_one_pixel_is_missed_or_kept_by_its_centre():
    """64x64 to 16x16: pixel (2, 2) of each 4x4 block is its centre."""
    ids = np.full((64, 64), 3)
    ids[0, 0], ids[6, 6] = 1, 2
    sample = perfect_prediction(results(ids, [CAT, CAT, SKY]), (16, 16), VOID)
    assert len(sample.gt_instances) == 2
    assert len(sample.pred_instances) == 1
    assert sample.pred_instances.masks[0, 6, 6]
    assert 0 < sample.pred_instances.scores[0] < 0.5


def test_crowd_and_void_predict_nothing():
    ids = quarters()
    ids[ids == 4] = 0
    sample = perfect_prediction(results(ids, [CAT, CAT, SKY], crowds=(2,)), (128, 128), VOID)
    assert sample.pred_instances.labels.tolist() == [CAT]
    panoptic = sample.pred_panoptic_seg.sem_seg[0].numpy()
    assert (panoptic[ids == 0] == VOID).all()
    assert (panoptic[ids == 2] == VOID).all()
    assert (panoptic[ids == 1] == CAT + 1000).all()
    assert (panoptic[ids == 3] == SKY).all()
    assert (sample.pred_sem_seg.sem_seg[0].numpy()[ids == 2] == 255).all()
    metrics = figures(ids, [CAT, CAT, SKY], (128, 128), crowds=(2,))
    assert metrics['PQ'] == metrics['mIoU'] == pytest.approx(100)


@pytest.mark.parametrize('ids', [np.zeros((40, 50), int), np.ones((40, 50), int)])
def test_images_without_instances(ids):
    sample = perfect_prediction(results(ids, [SKY]), (16, 16), VOID)
    assert sample.pred_instances.masks.shape == (0, 40, 50)
    assert len(sample.pred_instances.scores) == 0
    assert sample.pred_panoptic_seg.sem_seg.unique().tolist() == [SKY if ids.any() else VOID]


BASE = Path(__file__).parents[2] / 'configs/_base_'


@pytest.fixture(scope='module')
def coco(tmp_path_factory) -> Path:
    return write_mini('coco', tmp_path_factory.mktemp('data') / 'coco', num_train=1, num_val=5)


def config(name: str, root: Path, monkeypatch) -> Config:
    monkeypatch.setenv(f'{name.partition("_")[0].upper()}_ROOT', str(root))
    cfg = Config.fromfile(BASE / f'datasets/{name}_128.py')
    cfg.merge_from_dict(Config.fromfile(BASE / 'default_runtime.py').to_dict())
    cfg.default_scope = 'mmseg' if 'semantic' in name else 'mmdet'
    return cfg


def test_panoptic_figures_rise_with_the_size(coco, monkeypatch):
    cfg = config('coco_panoptic', coco, monkeypatch)
    scores = [NativeCeiling(cfg, (side, side)).compute() for side in (32, 128)]
    names = [f'native_ceiling/{name}' for name in ('PQ', 'PQ_things', 'PQ_stuff', 'AP', 'mIoU', 'mIoU_things')]
    for name in names:
        assert 10 < scores[0][name] < scores[1][name] < 100
    assert all(evaluator.prefix == 'lowres' for evaluator in cfg.test_evaluator), 'the config is left alone'


def test_nothing_is_lost_at_the_size_of_the_image(coco, monkeypatch):
    cfg = config('coco_panoptic', coco, monkeypatch)
    cfg.test_dataloader.dataset.indices = 1
    (sample,) = label_dataset(cfg)
    figures = NativeCeiling(cfg, sample['gt_id_map'].shape).compute()
    for name in ('PQ', 'SQ', 'RQ', 'AP', 'AR', 'AP@100', 'mIoU', 'aAcc'):
        assert figures[f'native_ceiling/{name}'] == pytest.approx(100)


def test_instance_config_and_size_of_the_config(coco, monkeypatch):
    cfg = config('coco_instance', coco, monkeypatch)
    ceiling = NativeCeiling(cfg)
    assert ceiling.size == (128, 128)
    figures = ceiling.compute()
    assert 10 < figures['native_ceiling/AP'] < 100
    assert {name.partition('/')[0] for name in figures} == {'native_ceiling'}


def test_official_json_as_truth(coco, monkeypatch):
    """Masks of the drawn data do not overlap, so both truths agree but for size bins."""
    cfg = config('coco_instance', coco, monkeypatch)
    whole = NativeCeiling(cfg).compute()
    cfg.test_evaluator['ann_file'] = str(coco / 'annotations/instances_val2017.json')
    assert NativeCeiling(cfg).compute()['native_ceiling/AP'] == pytest.approx(whole['native_ceiling/AP'])


def test_the_order_of_the_jsons_categories_changes_nothing(coco, tmp_path, monkeypatch):
    """The reader's json lists them backwards, the metric's does not: the figures of every class stay."""
    cfg = config('coco_instance', coco, monkeypatch)
    cfg.test_evaluator.update(ann_file=str(coco / 'annotations/instances_val2017.json'), classwise=True)
    expected = NativeCeiling(cfg).compute()
    cfg.test_dataloader.dataset.ann_file = write_edited(
        coco / 'annotations/instances_val2017.json', tmp_path, lambda content: content['categories'].reverse()
    )
    found = NativeCeiling(cfg).compute()
    assert found == pytest.approx(expected)
    assert sum('AP(' in name for name in found) > 2


def test_semantic_config_gives_the_bilinear_ceiling(tmp_path, monkeypatch):
    root = write_mini('ade20k', tmp_path / 'ade', num_train=1, num_val=3)
    cfg = config('ade20k_semantic', root, monkeypatch)
    figures = NativeCeiling(cfg, (32, 48)).compute()
    ceiling = OracleCeiling(150, (32, 48))
    for sample in label_dataset(cfg):
        ceiling.add(sample['gt_seg_map'])
    expected = ceiling.result()['bilinear']
    assert {name: figures[f'native_ceiling/{name}'] for name in expected} == pytest.approx(expected, abs=0.006)


def test_config_without_evaluator_or_size_is_refused(coco, monkeypatch):
    cfg = config('coco_instance', coco, monkeypatch)
    cfg.test_evaluator = dict(type='DumpResults', out_file_path='a.pkl')
    with pytest.raises(ValueError, match=r'coco_instance_128\.py: no test_evaluator'):
        NativeCeiling(cfg)
    cfg.test_dataloader.dataset.pipeline = [dict(type='mmmaskattn.LoadInstances')]
    with pytest.raises(ValueError, match=r'coco_instance_128\.py: the test pipeline has no LowResResize'):
        NativeCeiling(cfg)


def test_a_pixel_is_an_instances_from_one_half_up():
    """Enlarged 32 times, a mask is 0.516 on the last pixel within its true border and 0.484 on the first one out."""
    ids = np.kron([[1, 2], [3, 4]], np.ones((256, 256), int))
    sample = perfect_prediction(results(ids, [CAT, CAT, SKY, SEA]), (16, 16), VOID)
    for number, mask in zip((1, 2), sample.pred_instances.masks):
        # A corner's pixels are less than one half of each of the four that meet there.
        assert np.array_equal(mask.numpy()[:200], (ids == number)[:200])
    assert sample.pred_instances.scores.min() > 0.99

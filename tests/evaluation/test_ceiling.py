from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from pictures import disc

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.datasets.transforms.low_res_resize import resize_labels
from mmmaskattn.evaluation.ceiling import OracleCeiling, enlarge_bilinear, enlarge_nearest, label_dataset

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
        large = enlarge_nearest(small, (16 * factor, 20 * factor))
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

"""A perfect prediction passes through every detector's own post-processing, ours and the peers', and stays whole."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from config_check import CONFIGS
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from perfect_outputs import Scene, feed
from small_data import write_nuclei

from mmmaskattn.datasets.input_size import with_input_size
from mmmaskattn.evaluation.protocol import set_protocol
from mmmaskattn.models.data_preprocessors.instance_data_preprocessor import add_masks

NATIVE = (480, 640)
HEADS = ('segment_head', 'panoptic_head', 'rpn_head', 'semantic_head', 'bbox_head', 'mask_head')


def draw(number: int) -> np.ndarray:
    """Ids of an image that is neither square nor of the network's size: a disc, an ellipse and a rectangle."""
    ids = np.ones(NATIVE, np.int32)
    cv2.circle(ids, (150 + 20 * number, 160), 90, 2, -1)
    cv2.ellipse(ids, (470, 330 - 30 * number), (110, 80), 20, 0, 360, 3, -1)
    cv2.rectangle(ids, (60, 300), (250 + 30 * number, 450), 4, -1)
    return ids


def detectors() -> list:
    """One leaf for each detector, head and task: those on DSB2018, which all have one."""
    found: dict[tuple, Path] = {}
    for leaf in sorted(CONFIGS.rglob('*.py')):
        if '_base_' in leaf.parts or 'dsb2018' not in str(leaf.relative_to(CONFIGS)):
            continue
        cfg = Config.fromfile(leaf)
        kinds = (cfg.model.type, *(cfg.model[head].type for head in HEADS if cfg.model.get(head)))
        task = 'panoptic' if 'panoptic' in leaf.stem else 'instance'
        found.setdefault((*(kind.rpartition('.')[2] for kind in kinds), task), leaf)
    return [pytest.param(leaf, id='-'.join(kinds)) for kinds, leaf in found.items()]


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_nuclei(tmp_path_factory.mktemp('data') / 'nuclei', images=2, draw=draw)


@lru_cache(maxsize=1)
def built(leaf: Path):
    cfg = Config.fromfile(leaf)
    init_default_scope(cfg.default_scope)
    if 'num_queries' in (cfg.model.get('panoptic_head') or {}):  # 400, most of which would say nothing for seconds
        cfg.model.panoptic_head.num_queries = cfg.model.test_cfg.max_per_image = 8
    return MODELS.build(cfg.model).eval()


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


def check_instances(sample) -> None:
    """Each true instance is found once, with its mask and, from the detectors that have boxes, its box."""
    add_masks(sample)
    sure = sample.pred_instances[sample.pred_instances.scores > 0.5]
    masks, truth = sure.masks.numpy(), sample.gt_instances.masks.masks.astype(bool)
    assert masks.shape == truth.shape == (3, *sample.ori_shape)
    overlaps = np.array([[overlap(mask, one) for mask in masks] for one in truth])
    assert overlaps.max(1).min() > 0.9, overlaps
    boxes = sure.bboxes[overlaps.argmax(1)]
    if boxes.any():
        unit = torch.tensor(sample.ori_shape[::-1]).repeat(2)
        assert (
            (boxes - getattr(sample.gt_instances.bboxes, 'tensor', sample.gt_instances.bboxes)) / unit
        ).abs().max() < 0.02


@pytest.mark.parametrize('protocol', ['lowres', 'native'])
@pytest.mark.parametrize('size', [(128, 128), (80, 112)], ids=['whole', 'padded'])
@pytest.mark.parametrize('leaf', detectors())
def test_perfect_detection_stays_perfect(leaf, size, protocol, root, monkeypatch):
    """With 80x112 pixels the batch is padded to 96x128, as mmdet pads to a multiple of 32."""
    if leaf.parent.name == 'stardist':
        pytest.importorskip('stardist')
    monkeypatch.setenv('DSB2018_ROOT', str(root))
    cfg = Config.fromfile(leaf)
    set_protocol(cfg, protocol)
    loader = dict(with_input_size(cfg.test_dataloader, size), num_workers=0, persistent_workers=False, batch_size=2)
    loader = Runner.build_dataloader(loader, seed=0)
    batch = next(iter(loader))
    model = built(leaf)
    model.data_preprocessor.pad_size_divisor = 32
    padded = tuple(-(-side // 32) * 32 for side in size)
    feed(model, [Scene.of(draw(number), size, padded) for number in range(2)])
    with torch.no_grad():
        samples = model.test_step(batch)
    evaluator = Evaluator(cfg.test_evaluator)
    evaluator.dataset_meta = loader.dataset.metainfo
    evaluator.process(samples, batch)
    metrics = {name.rpartition('/')[2]: value for name, value in evaluator.evaluate(len(samples)).items()}
    assert {samples[0].batch_input_shape, samples[1].batch_input_shape} == {padded}
    assert {'PQ', 'AP50'} & set(metrics)
    assert all(metrics[name] > 90 for name in ('PQ', 'AP50', 'mIoU') if name in metrics), metrics
    for sample in samples:
        assert sample.ori_shape == (size if protocol == 'lowres' else NATIVE)
        if 'pred_instances' in sample:
            check_instances(sample)

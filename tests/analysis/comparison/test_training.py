"""The drawn truth and the training step, on one model of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmmaskattn.analysis.comparison.training import count_classes, drawn_truth, training_step
from mmmaskattn.analysis.models import build_model, random_images, read_config

CONFIGS = Path(__file__).parents[3] / 'configs'
SEMANTIC = CONFIGS / 'maskattn/ade20k_semantic_128_tiny.py'
OURS = CONFIGS / 'maskattn/cityscapes_panoptic_128_tiny.py'
MMDET = CONFIGS / 'peers/rtmdet_ins_tiny/coco_instance_128.py'
IMAGES = random_images((64, 64), 2)


@pytest.mark.parametrize(('path', 'classes'), [(SEMANTIC, 150), (OURS, 8), (MMDET, 80)])
def test_classes_come_from_the_model(path, classes):
    assert count_classes(read_config(path)) == classes


def test_model_without_classes_is_named(tmp_path):
    path = tmp_path / 'x.py'
    path.write_text("model = dict(type='X', backbone=dict(depth=50))")
    cfg = Config.fromfile(path)
    with pytest.raises(ValueError, match=r'x\.py: its model names none of num_things.*--skip train'):
        count_classes(cfg)


def test_truth_of_a_segmentor():
    cfg = read_config(SEMANTIC)
    first, second = drawn_truth(build_model(cfg), cfg, IMAGES)
    labels = first.gt_sem_seg.data
    assert labels.shape == (1, 64, 64)
    assert labels.unique().tolist() == list(range(1, 10))
    assert torch.equal(labels, second.gt_sem_seg.data)


def test_truth_of_a_detector():
    cfg = read_config(OURS)
    truth = drawn_truth(build_model(cfg), cfg, IMAGES)[0]
    assert truth.gt_instances.bboxes.shape == (8, 4)
    assert truth.gt_instances.masks.masks.sum(axis=(1, 2)).tolist() == [16 * 8] * 8
    assert sorted(truth.gt_instances.labels.tolist()) == list(range(8))
    assert set(truth.gt_sem_seg.sem_seg.unique().tolist()) == set(range(9))
    assert len(truth.gt_instances.seed_points) == 8


@pytest.mark.parametrize('path', [SEMANTIC, OURS, MMDET], ids=lambda path: path.stem)
def test_step_runs_the_models_own_losses_backward(path, monkeypatch):
    cfg = read_config(path)
    model = build_model(cfg)
    grads = []
    drop = model.zero_grad
    monkeypatch.setattr(
        model, 'zero_grad', lambda **kw: (grads.append([p.grad is not None for p in model.parameters()]), drop(**kw))
    )
    call = training_step(model, cfg, IMAGES)
    call()
    call()
    assert [all(step) for step in grads] == [True, True]
    assert all(parameter.grad is None for parameter in model.parameters())

"""The shipped `tiny` panoptic model learns four drawn pictures by heart: losses, grouping and fusion together."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from drawn_truth import sample_of
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from scored_samples import META, STUFF, THINGS, evaluate
from torch import Tensor, nn

from mmmaskattn.evaluation import PanopticQuality

CONFIG = Path(__file__).parents[3] / 'configs/maskattn/coco_panoptic_128_tiny.py'
SIDE = 64
SHADES = np.array([[200, 60, 60], [60, 200, 60], [230, 220, 90], [110, 150, 220], [40, 60, 110]], np.float32)
STEPS = 80
RATE = 1e-2


def picture(number: int) -> tuple[np.ndarray, DetDataSample]:
    """Sky over sea with four things, some of which touch; and the sample of its truth."""
    random = np.random.default_rng(number)
    ids = np.where(np.arange(SIDE)[:, None] < random.integers(24, 40), 1, 2) * np.ones((1, SIDE), int)
    labels = {1: len(THINGS), 2: len(THINGS) + 1}
    for cell in range(4):
        centre = [int(28 * place + 18 + random.integers(-3, 4)) for place in (cell % 2, cell // 2)]
        thing, label = len(labels) + 1, (number + cell) % len(THINGS)
        drawn = np.zeros((SIDE, SIDE), np.uint8)
        if label == 0:
            cv2.circle(drawn, centre, int(random.integers(8, 14)), 1, -1)
        else:
            cv2.ellipse(drawn, centre, (15, 9) if label == 1 else (9, 15), 0, 0, 360, 1, -1)
        ids[drawn > 0], labels[thing] = thing, label
    shades = SHADES[[labels[k] for k in sorted(labels)]]
    image = shades[ids - 1] + random.normal(0, 8, (SIDE, SIDE, 3))
    return image.clip(0, 255).astype(np.float32), sample_of(ids, labels, things=len(THINGS))


def build() -> nn.Module:
    """The shipped model for the classes drawn."""
    cfg = Config.fromfile(CONFIG)
    init_default_scope(cfg.default_scope)
    cfg.model.segment_head.update(num_things=len(THINGS), num_stuff=len(STUFF), class_warmup=STEPS // 4)
    return MODELS.build(cfg.model)


def learn(model: nn.Module, images: Tensor, samples: list[DetDataSample]) -> None:
    """Train on all of them in every step, the rate falling to 0."""
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS, pct_start=0.1)
    for _ in range(STEPS):
        loss, _ = model.parse_losses(model(images, samples, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        schedule.step()


def test_four_pictures_are_learned_by_heart():
    torch.manual_seed(0)
    pictures = [picture(number) for number in range(4)]
    images = torch.stack([(torch.from_numpy(image).permute(2, 0, 1) - 118) / 57 for image, _ in pictures])
    samples = [sample for _, sample in pictures]
    model = build().train()
    learn(model, images, samples)
    with torch.inference_mode():
        found = model.eval()(images, samples, mode='predict')
    figures = evaluate(PanopticQuality(), found, META)
    assert figures['PQ'] > 90, figures
    assert figures['PQ_things'] > 90, figures

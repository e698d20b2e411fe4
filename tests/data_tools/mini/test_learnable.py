"""The scenes can be learned: a small net names unseen pixels far better than the majority class does."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from mmmaskattn.data_tools.mini import write_mini


def load(root: Path, split: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images (N, 3, 64, 64) in [0, 1] and dense labels (N, 64, 64), 255 ignored."""
    images, labels = [], []
    for path in sorted((root / 'images' / split).iterdir()):
        label = cv2.imread(str(root / 'annotations' / split / f'{path.stem}.png'), cv2.IMREAD_UNCHANGED)
        images.append(cv2.resize(cv2.imread(str(path)), (64, 64), interpolation=cv2.INTER_AREA))
        labels.append(cv2.resize(label, (64, 64), interpolation=cv2.INTER_NEAREST_EXACT))
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    return pixels, torch.from_numpy(np.stack(labels).astype(np.int64)) - 1


def mean_iou(predicted: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the mean IoU in per cent over the classes present in the truth."""
    classes = [c for c in truth.unique().tolist() if c >= 0]
    valid = truth >= 0
    ious = []
    for c in classes:
        hit = ((predicted == c) & (truth == c)).sum()
        union = (((predicted == c) | (truth == c)) & valid).sum()
        ious.append(float(hit / union))
    return 100 * sum(ious) / len(ious)


def train(images: torch.Tensor, labels: torch.Tensor, steps: int) -> nn.Module:
    """Train a small fully convolutional net whose receptive field is 11 pixels."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=2, dilation=2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=2, dilation=2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 150, 1),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(net.parameters(), 0.01)
    for _ in range(steps):
        batch = torch.randperm(len(images))[:8]
        loss = nn.functional.cross_entropy(net(images[batch]), labels[batch], ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval()


@pytest.mark.long
def test_small_net_beats_the_majority_class_by_far(tmp_path: Path):
    root = write_mini('ade20k', tmp_path / 'ade', num_train=48, num_val=16, size=(96, 128))
    net = train(*load(root, 'training'), steps=60)
    images, truth = load(root, 'validation')
    with torch.inference_mode():
        predicted = net(images).argmax(1)
    valid = truth >= 0
    majority = torch.full_like(truth, int(truth[valid].mode().values))
    accuracy = float((predicted == truth)[valid].float().mean())
    assert accuracy > float((majority == truth)[valid].float().mean()) + 0.3
    assert mean_iou(predicted, truth) > mean_iou(majority, truth) + 20

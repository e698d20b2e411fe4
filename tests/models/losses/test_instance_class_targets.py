from __future__ import annotations

import pytest
import torch
from instance_maps import filled, random_map

from mmmaskattn.models.losses import instance_class_targets

THINGS = 7


def plain_targets(assignment, slots, instance_map, labels):
    """Slot by slot and instance by instance, of one image."""
    targets = []
    for slot in range(slots):
        mask = assignment == slot
        if not mask.any() or (mask & (instance_map < 0)).sum() * 2 > mask.sum():
            targets.append(-100)
            continue
        mask &= instance_map >= 0
        best, label = 0.0, None
        for k, one in enumerate(labels.tolist(), 1):
            true = instance_map == k
            iou = float((mask & true).sum()) / float((mask | true).sum())
            if iou > best:
                best, label = iou, one
        targets.append(label if best >= 0.5 else THINGS if best < 0.3 else -100)
    return targets


@pytest.mark.parametrize('seed', range(6))
def test_equals_a_loop(seed):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.stack([random_map(10 * seed + i, count=3 + 2 * i) for i in range(3)])
    labels = [torch.randint(0, THINGS, (int(one.max()),), generator=generator) for one in maps]
    # Predictions are the truth, moved and with some slots lost, so that all kinds of overlap occur.
    assignment = torch.stack([maps[0].roll(1, 0), maps[1].roll(1, 1), maps[2]]).clamp(min=0) - 1
    assignment[torch.rand(maps.shape, generator=generator) < 0.1] = 12
    targets = instance_class_targets(assignment, 14, maps, labels, THINGS)
    assert targets.dtype == torch.int64
    assert targets.tolist() == [plain_targets(a, 14, m, one) for a, m, one in zip(assignment, maps, labels)]
    assert {THINGS, -100} < set(targets.flatten().tolist())


@pytest.mark.parametrize(
    ('matched', 'target'),
    [(10, 5), (5, 5), (4, -100), (3, -100), (2, THINGS), (0, THINGS)],
)
def test_thresholds(matched, target):
    """A slot of `matched` of the ten pixels of an instance of class 5: IoU = matched / 10."""
    instance_map = filled(0, (4, 10))
    instance_map[1] = 1
    assignment = filled(-1, (4, 10))
    assignment[1, :matched] = 0
    if matched == 0:
        assignment[3] = 0
    found = instance_class_targets(assignment[None], 1, instance_map[None], [torch.tensor([5])], THINGS)
    assert found.tolist() == [[target]]


@pytest.mark.parametrize(('ignored', 'target'), [(4, 5), (5, 5), (6, -100)])
def test_slots_mostly_on_ignored_pixels_are_left_out(ignored, target):
    """Up to one half, the ignored pixels do not count against the IoU."""
    instance_map = filled(1, (1, 10))
    instance_map[0, :ignored] = -1
    found = instance_class_targets(filled(0, (1, 10))[None], 1, instance_map[None], [torch.tensor([5])], THINGS)
    assert found.tolist() == [[target]]


def test_without_instances_all_is_no_object():
    assignment = torch.stack([filled(0), filled(2), filled(0)])
    maps = torch.stack([filled(0), filled(0), filled(-1)])
    none = torch.zeros(0, dtype=torch.int64)
    found = instance_class_targets(assignment, 3, maps, [none] * 3, THINGS)
    assert found.tolist() == [[THINGS, -100, -100], [-100, -100, THINGS], [-100, -100, -100]]


def test_one_instance_fills_the_image_and_images_are_not_mixed():
    assignment = torch.stack([filled(1), filled(0)])
    maps = torch.stack([filled(1), filled(1)])
    found = instance_class_targets(assignment, 2, maps, [torch.tensor([3]), torch.tensor([4])], THINGS)
    assert found.tolist() == [[-100, 3], [4, -100]]

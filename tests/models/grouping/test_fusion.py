"""Panoptic fusion on small crafted maps; two things (0, 1), two stuff classes (2, 3), VOID is 4."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from mmmaskattn.models.grouping import FusionOptions, fuse_panoptic
from mmmaskattn.models.grouping.scores import greatest_at

OPTIONS = FusionOptions(score_threshold=0.3, stuff_area_fraction=0)
VOID = 4


def fuse(masks, labels, scores, rows, options=OPTIONS, classes=4, num_things=2):
    semantic = torch.tensor(rows)
    masks = torch.tensor(masks).float().view(-1, *semantic.shape)
    labels, scores = torch.tensor(labels, dtype=torch.long), torch.tensor(scores).float()
    fused = fuse_panoptic(masks, labels, scores, semantic, num_things, classes, options)
    assert fused.dtype == torch.int32
    return fused.tolist()


def test_instances_are_painted_over_stuff_with_ranks_by_score():
    masks = [[[0.9, 0, 0, 0]], [[0, 0.9, 0, 0]]]
    assert fuse(masks, [0, 1], [0.5, 0.8], [[0, 1, 2, 3]]) == [[2000, 1001, 2, 3]]


def test_a_pixel_goes_to_the_greatest_mask_not_to_the_greatest_score():
    masks = [[[0.9, 0.6, 0.6]], [[0, 0.7, 0.9]]]
    keep_all = dataclasses.replace(OPTIONS, keep_fraction=0)
    assert fuse(masks, [0, 0], [0.9, 0.4], [[2, 2, 2]], keep_all) == [[1000, 2000, 2000]]


def test_ties_go_to_the_greater_score_then_to_the_first():
    masks = [[[0.8, 0.8, 0.9, 0]], [[0.8, 0.8, 0, 0.9]]]
    keep_all = dataclasses.replace(OPTIONS, keep_fraction=0)
    assert fuse(masks, [0, 1], [0.4, 0.9], [[2, 2, 2, 2]], keep_all) == [[1001, 1001, 2000, 1001]]
    assert fuse(masks, [0, 1], [0.9, 0.9], [[2, 2, 2, 2]], keep_all) == [[1000, 1000, 1000, 2001]]


def test_one_mask_under_two_classes_is_painted_once():
    mask = [[0.9, 0.9, 0]]
    assert fuse([mask, mask], [0, 1], [0.4, 0.6], [[2, 2, 2]]) == [[1001, 1001, 2]]


def test_low_scores_and_pixels_not_sure_are_not_painted():
    masks = [[[0.9, 0, 0]], [[0, 0.5, 0.51]]]
    assert fuse(masks, [0, 0], [0.29, 0.3], [[2, 2, 2]]) == [[2, 2, 1000]]


def test_an_instance_mostly_covered_is_dropped():
    masks = [[[0.7, 0.7, 0.7, 0.7]], [[0.9, 0.9, 0.9, 0]]]
    assert fuse(masks, [0, 1], [0.9, 0.8], [[2, 2, 2, 3]]) == [[1001, 1001, 1001, 3]]
    keep = dataclasses.replace(OPTIONS, keep_fraction=0.25)
    assert fuse(masks, [0, 1], [0.9, 0.8], [[2, 2, 2, 3]], keep) == [[2001, 2001, 2001, 1000]]


def test_thing_pixels_without_an_instance():
    assert fuse([], [], [], [[0, 1, 2, 3]]) == [[VOID, VOID, 2, 3]]
    residual = dataclasses.replace(OPTIONS, residual='class')
    assert fuse([], [], [], [[0, 1, 2, 3]], residual) == [[0, 1, 2, 3]]


def test_small_stuff_becomes_void_and_what_instances_cover_does_not_count():
    rows = [[2, 2, 2, 3], [2, 2, 3, 3]]
    quarter = dataclasses.replace(OPTIONS, stuff_area_fraction=0.26)
    assert fuse([], [], [], rows, quarter) == rows
    cover = [[[0, 0, 0, 0.9], [0, 0, 0, 0]]]
    assert fuse(cover, [0], [0.9], rows, quarter) == [[2, 2, 2, 1000], [2, 2, VOID, VOID]]
    limit = dataclasses.replace(OPTIONS, stuff_area_fraction=0.25)
    assert fuse(cover, [0], [0.9], rows, limit) == [[2, 2, 2, 1000], [2, 2, 3, 3]]


def test_the_area_limit_means_the_same_at_every_size():
    small = torch.randint(4, (8, 8), generator=torch.Generator().manual_seed(0))
    large = small.repeat_interleave(3, 0).repeat_interleave(3, 1)
    options = FusionOptions(stuff_area_fraction=0.2)
    nothing = torch.zeros(0)
    small, large = (
        fuse_panoptic(nothing.view(0, 8, 8), nothing.long(), nothing, classes, 0, 4, options)
        for classes in (small, large)
    )
    assert VOID in small
    assert torch.equal(small.repeat_interleave(3, 0).repeat_interleave(3, 1), large)


def test_no_stuff_classes():
    assert fuse([[[0.9, 0]]], [1], [0.9], [[0, 1]], classes=2) == [[1001, 2]]


def test_no_instance_scores_enough():
    assert fuse([[[0.9, 0.9]]], [1], [0.1], [[2, 3]]) == [[2, 3]]


def test_empty_masks_take_no_rank():
    masks = [[[0.2, 0.2, 0.2]], [[0, 0.9, 0]]]
    assert fuse(masks, [0, 1], [0.9, 0.8], [[2, 2, 2]]) == [[2, 1001, 2]]


def random_scene():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(12, 20, 30, generator=generator) * 6
    classes = torch.randint(4, (20, 30), generator=generator)
    return logits.softmax(0), torch.arange(12) % 2, torch.rand(12, generator=generator), classes


def test_results_repeat_bitwise_and_do_not_depend_on_the_order_of_instances():
    masks, labels, scores, classes = random_scene()
    fused = fuse_panoptic(masks, labels, scores, classes, 2, 4, OPTIONS)
    assert torch.equal(fused, fuse_panoptic(masks, labels, scores, classes, 2, 4, OPTIONS))
    order = torch.randperm(12)
    assert torch.equal(fused, fuse_panoptic(masks[order], labels[order], scores[order], classes, 2, 4, OPTIONS))
    assert len(fused.unique()) > 6


def test_masks_are_resized_before_they_are_made_hard():
    """A coarse mask of the left half gives a straight edge at the middle, at any size."""
    mask = torch.tensor([[0.9, 0.9, 0.1, 0.1]]).expand(1, 4, 4)
    classes = torch.full((10, 21), 2)
    fused = fuse_panoptic(mask, torch.zeros(1).long(), torch.ones(1), classes, 2, 4, OPTIONS)
    expected = torch.where(torch.arange(21) < 10, 1000, 2)
    assert torch.equal(fused[:, torch.arange(21) != 10], expected[torch.arange(21) != 10].expand(10, -1).int())


class Exported(torch.nn.Module):
    def forward(self, masks, labels, scores, classes):
        return fuse_panoptic(masks, labels, scores, classes, 2, 4, OPTIONS)


def test_the_exported_graph_says_the_same():
    scene = random_scene()
    program = torch.export.export(Exported(), tuple(torch.zeros_like(one) for one in scene))
    assert torch.equal(program.module()(*scene), Exported()(*scene))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(masks=torch.zeros(4, 4)), 'expected .N, H, W.'),
        (dict(classes=torch.zeros(4, 4, 4)), 'take argmax'),
        (dict(labels=torch.zeros(3).long()), 'one label and one score'),
        (dict(scores=torch.zeros(1)), 'one label and one score'),
        (dict(num_things=5), '4 classes with 5 things'),
    ],
)
def test_shapes_that_do_not_agree_are_refused(change, message):
    given = dict(
        masks=torch.zeros(2, 4, 4),
        labels=torch.zeros(2).long(),
        scores=torch.zeros(2),
        classes=torch.zeros(4, 4).long(),
        num_things=2,
        num_classes=4,
    )
    with pytest.raises(ValueError, match=message):
        fuse_panoptic(**{**given, **change}, options=OPTIONS)


@pytest.mark.parametrize('seed', range(6))
def test_the_greatest_masks_may_be_known_already(seed):
    """With masks whose sum is at most 1; many pixels have none, some instances score too little."""
    generator = torch.Generator().manual_seed(seed)
    masks = (4 * torch.randn(9, 12, 10, generator=generator)).softmax(0) * torch.rand(12, 10, generator=generator)
    labels, scores = torch.randint(2, (9,), generator=generator), torch.rand(9, generator=generator)
    classes = torch.randint(4, (24, 20), generator=generator)
    options = dataclasses.replace(OPTIONS, score_threshold=0.5)
    plain = fuse_panoptic(masks, labels, scores, classes, 2, 4, options)
    quick = fuse_panoptic(masks, labels, scores, classes, 2, 4, options, greatest_at(masks, (24, 20)))
    assert torch.equal(plain, quick)
    assert len(plain.unique()) > 4
    low = dataclasses.replace(options, mask_threshold=0.2)
    plain = fuse_panoptic(masks, labels, scores, classes, 2, 4, low)
    assert torch.equal(plain, fuse_panoptic(masks, labels, scores, classes, 2, 4, low, greatest_at(masks, (24, 20))))

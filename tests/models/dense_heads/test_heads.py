"""One contract for the heads of BottomUpPanoptic, and what is special to each."""

from __future__ import annotations

import re
import warnings

import pytest
import torch
from drawn_truth import SPECIAL, feature, special
from group_scenes import embed

from mmmaskattn.models.dense_heads import (
    ConnectedComponentsHead,
    ContrastiveInstanceHead,
    OffsetVotingHead,
)
from mmmaskattn.models.dense_heads.offset_voting_head import mass_centres, true_offsets
from mmmaskattn.models.dense_heads.segment_head import ClassMaps, SegmentOutputs
from mmmaskattn.models.grouping import GroupingOptions, count_peaks, density_seeds, group_by_prototypes

SIZE = (32, 32)
HEADS = {
    'quality': lambda **options: ContrastiveInstanceHead(1, 1, 8, class_warmup=0, **options),
    'paper': lambda **options: ContrastiveInstanceHead(1, 1, 8, mode='paper', **options),
    'offsets': lambda **options: OffsetVotingHead(1, 1, 8, **options),
    'components': lambda **options: ConnectedComponentsHead(1, 1, 8, **options),
}


@pytest.fixture(params=HEADS)
def kind(request) -> str:
    return request.param


@pytest.fixture
def head(kind):
    torch.manual_seed(0)
    return HEADS[kind]()


def total(losses: dict) -> torch.Tensor:
    return sum(value for name, value in losses.items() if 'loss' in name)


@pytest.mark.parametrize('batch', [('blobs', 'nothing'), *((name,) for name in SPECIAL)], ids='-'.join)
def test_every_truth_gives_finite_losses_and_a_gradient_for_every_parameter(head, batch):
    """A parameter without a gradient would hang or stop distributed training."""
    losses = head.loss([feature(len(batch))], [special(name) for name in batch], SIZE)
    assert all(torch.isfinite(value).all() for value in losses.values())
    total(losses).backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_an_ignored_crop_teaches_nothing(head):
    losses = head.loss([feature()], [special('ignored')], SIZE)
    assert float(total(losses)) == 0


def check_prediction(one, size, classes: int = 2) -> None:
    found = one.instances
    count = len(found.scores)
    assert found.masks.shape == (count, *size)
    assert found.masks.dtype == torch.bool
    assert found.bboxes.shape == (count, 4)
    assert found.labels.dtype == torch.int64
    assert torch.isfinite(found.scores).all()
    assert (found.scores.diff() <= 0).all()
    assert found.masks.flatten(1).any(1).all()
    assert one.panoptic.sem_seg.shape == one.semantic.sem_seg.shape == (1, *size)
    assert one.panoptic.sem_seg.dtype == torch.int32
    assert set((one.panoptic.sem_seg % 1000).unique().tolist()) <= set(range(classes + 1))
    assert set(one.semantic.sem_seg.unique().tolist()) <= set(range(classes))


@pytest.mark.parametrize('size', [SIZE, (48, 65), (20, 20)])
def test_predictions_have_every_field_at_the_size_asked_for(head, size):
    head.eval()
    with torch.inference_mode():
        for one in head.predict([feature(2)], [size, size], SIZE):
            check_prediction(one, size)


def test_no_foreground_gives_empty_predictions(head):
    with torch.no_grad():
        head.semantic_branch.out.weight.zero_()
        head.semantic_branch.out.bias.copy_(torch.tensor([-20.0, 20.0]))
        (one,) = head.eval().predict([feature()], [(40, 50)], SIZE)
    check_prediction(one, (40, 50))
    assert len(one.instances.scores) == 0
    assert (one.panoptic.sem_seg == 1).all()


def test_a_batch_gives_what_its_images_give_alone(head):
    head.eval()
    x = feature(3)
    with torch.inference_mode():
        together = head.predict([x], [SIZE] * 3, SIZE)
        alone = [head.predict([one[None]], [SIZE], SIZE)[0] for one in x]
    for a, b in zip(together, alone):
        assert torch.equal(a.panoptic.sem_seg, b.panoptic.sem_seg)
        torch.testing.assert_close(a.instances.scores, b.instances.scores, atol=1e-5, rtol=1e-4)
        assert torch.equal(a.instances.masks, b.instances.masks)


def test_predictions_repeat_to_the_bit(head):
    head.eval()
    with torch.inference_mode():
        a, b = (head.predict([feature()], [SIZE], SIZE)[0] for _ in range(2))
    assert torch.equal(a.instances.scores, b.instances.scores)
    assert torch.equal(a.panoptic.sem_seg, b.panoptic.sem_seg)


@pytest.mark.parametrize(('upsample', 'cells'), [(1, (17, 17)), (2, (33, 34))])
def test_maps_have_the_size_that_they_are_computed_in(kind, upsample, cells):
    outputs = HEADS[kind](upsample=upsample)([feature(size=17)], (33, 34))
    assert outputs.semantic.shape == (1, 2, 17, 17)
    if kind != 'components':
        assert outputs.pixels.shape[2:] == cells
    assert all(one.shape[2:] == cells for one in (outputs.seeds,) if one.shape[1])


@pytest.mark.parametrize(('side', 'upsample'), [(16, 1), (16, 2), (8, 2), (8, 4), (11, 1)])
def test_a_coarse_feature_gives_predictions_of_the_size_asked_for(kind, side, upsample):
    torch.manual_seed(0)
    head = HEADS[kind](upsample=upsample)
    losses = head.loss([feature(size=side)], [special('blobs')], SIZE)
    total(losses).backward()
    assert torch.isfinite(total(losses))
    with torch.inference_mode():
        for size in (SIZE, (50, 41)):
            (one,) = head.eval().predict([feature(size=side)], [size], SIZE)
            check_prediction(one, size)


def test_one_thing_and_one_stuff_are_as_probable_as_enlarged_logits_say():
    semantic = 4 * torch.randn(2, 2, 16, 16)
    expected = torch.nn.functional.interpolate(semantic, scale_factor=2, mode='bilinear').softmax(1)[:, 0]
    torch.testing.assert_close(ClassMaps.of(semantic, 1, SIZE).p_thing(SIZE), expected)


@pytest.mark.parametrize('stuff', [0, 3])
def test_things_share_what_stuff_leaves(stuff):
    semantic = 50 * torch.randn(2, 4 + stuff, 8, 8)
    classes = ClassMaps.of(semantic, 4, SIZE)
    torch.testing.assert_close(classes.things, semantic.softmax(1)[:, :4])
    torch.testing.assert_close(classes.p_thing((8, 8)), semantic.softmax(1)[:, :4].sum(1))
    assert classes.odds.isfinite().all()


def test_wrong_options_are_named():
    with pytest.raises(ValueError, match='num_things is 0'):
        ConnectedComponentsHead(0, 1, 8)
    with pytest.raises(TypeError, match='max_per_img'):
        ConnectedComponentsHead(1, 1, 8, test_cfg=dict(max_per_img=3))
    with pytest.raises(ValueError, match="mode is 'best'"):
        ContrastiveInstanceHead(1, 1, 8, mode='best')


def test_embeddings_have_length_one_in_float32_under_autocast():
    head = HEADS['quality']()
    with torch.autocast('cpu', torch.bfloat16):
        outputs = head([feature()], SIZE)
    assert outputs.pixels.dtype == torch.float32
    torch.testing.assert_close(outputs.pixels.norm(dim=1), torch.ones(1, *SIZE), atol=1e-5, rtol=1e-5)


def test_embeddings_come_on_request():
    head = HEADS['quality'](test_cfg=dict(return_embeddings=True)).eval()
    with torch.inference_mode():
        assert head.predict([feature()], [(64, 64)], SIZE)[0].embeddings.shape == (48, *SIZE)
        with pytest.raises(ValueError, match='ConnectedComponentsHead'):
            HEADS['components'](test_cfg=dict(return_embeddings=True)).eval().predict([feature()], [SIZE], SIZE)


def test_paper_mode_has_the_papers_losses_only():
    losses = HEADS['paper']().loss([feature()], [special('blobs')], SIZE)
    assert set(losses) == {'loss_semantic', 'loss_contrast', 'loss_class', 'contrast_above_floor'}


def test_missing_seeds_name_the_remedy():
    sample = special('blobs')
    del sample.gt_instances.seed_points
    with pytest.raises(ValueError, match='FindSeeds'):
        HEADS['quality']().loss([feature()], [sample], SIZE)


def test_predicted_masks_take_part_after_the_warm_up():
    """Before it the class of "no object" has no target, so its bias gets pushed down alone."""
    torch.manual_seed(0)
    head = ContrastiveInstanceHead(1, 1, 8, class_warmup=1, grouping=dict(seed_threshold=0, foreground=0))
    first = head.loss([feature()], [special('nothing')], SIZE)
    assert float(first['loss_class']) == 0
    second = head.loss([feature()], [special('nothing')], SIZE)
    assert float(second['loss_class']) > 0
    assert int(head.steps) == 2


def crowd_warnings(head, x: torch.Tensor, times: int = 1) -> list[str]:
    with torch.inference_mode(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        for _ in range(times):
            (one,) = head.eval().predict([x], [SIZE], SIZE)
            assert len(one.instances.scores) <= head.grouping.max_instances
    return [str(one.message) for one in caught if 'grouping.max_instances is' in str(one.message)]


@pytest.mark.parametrize('kind', ['quality', 'paper', 'offsets'], indirect=True)
def test_more_seeds_than_instances_kept_are_said_once(kind):
    torch.manual_seed(0)
    head = HEADS[kind](grouping=dict(max_instances=2, seed_threshold=0.0, foreground=0.0))
    (text,) = crowd_warnings(head, feature(), times=2)
    assert re.search('at least ([3-9]|[1-9][0-9]+) seeds, but grouping.max_instances is 2', text)


def test_many_peaks_of_few_objects_are_no_crowd():
    """Embeddings that are alike everywhere have noise for a density: many peaks, one object."""
    torch.manual_seed(0)
    head = HEADS['paper'](grouping=dict(max_instances=4, foreground=0.0), position_code=False, coordinates=False)
    with torch.no_grad():
        head.embedding_branch.out.weight.mul_(1e-2)
    x = feature()
    with torch.inference_mode():
        outputs = head.eval()([x], SIZE)
        seed_map = density_seeds(outputs.pixels) * ClassMaps.of(outputs.semantic, 1, SIZE).p_thing(SIZE)
    assert int(count_peaks(seed_map, head.grouping)) > 4
    assert crowd_warnings(head, x) == []


def test_as_many_seeds_as_instances_kept_are_no_crowd():
    head = HEADS['quality'](grouping=dict(max_instances=1, seed_threshold=0.0, foreground=0.0))
    with torch.no_grad():
        head.seed_branch.out.weight.zero_()
        head.semantic_branch.out.weight.zero_()  # one plateau, which has one peak
    assert crowd_warnings(head, feature()) == []


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_does_not_reach_the_grouping(kind, dtype, monkeypatch):
    """The same maps and feature in half precision are grouped and scored the same within and outside of autocast."""
    torch.manual_seed(0)
    head = HEADS[kind](grouping=dict(seed_threshold=0.0, foreground=0.0)).eval()
    with torch.inference_mode(), torch.autocast('cpu', dtype):
        x = feature(2).to(dtype)
        outputs = head([x], SIZE)
        monkeypatch.setattr(head, 'forward', lambda feats, size: outputs)
        inside = head.predict([x], [SIZE] * 2, SIZE)
    with torch.inference_mode():
        outside = head.predict([x], [SIZE] * 2, SIZE)
    for a, b in zip(inside, outside):
        check_prediction(a, SIZE)
        assert torch.equal(a.instances.scores, b.instances.scores)
        assert torch.equal(a.panoptic.sem_seg, b.panoptic.sem_seg)


class Grouped(torch.nn.Module):
    """From the feature to groups and scores."""

    def __init__(self, head):
        super().__init__()
        self.head = head

    def forward(self, x):
        outputs = self.head([x], SIZE)
        groups, scores = self.head.group(x, outputs, ClassMaps.of(outputs.semantic, 1, SIZE))
        return *groups, scores


@pytest.mark.parametrize('kind', ['quality', 'paper', 'offsets'], indirect=True)
def test_grouping_and_scores_export_to_the_same_function(kind):
    """With more seeds than slots too: what is said of them must not stop the recording."""
    torch.manual_seed(0)
    options = dict(max_instances=6, seed_threshold=0.0, foreground=0.0)
    model = Grouped(HEADS[kind](grouping=options)).eval()
    program = torch.export.export(model, (feature(2, seed=1),))
    x = feature(2, seed=2)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'an image has at least')
        expected = model(x)
        found = program.module()(x)
    assert expected[0].shape == (2, 6), 'eager mode has as many slots, since all have a seed'
    assert expected[0].any(1).all()
    for a, b in zip(found, expected):
        torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_offsets_point_to_the_centre_of_mass():
    ids = torch.zeros(1, 5, 6, dtype=torch.long)
    ids[0, 1:4, 2:5] = 1
    centres = mass_centres(ids, 2)
    assert centres.tolist() == [[[3, 2], [0, 0]]]
    offsets = true_offsets(ids, centres)
    assert offsets[0, :, 1, 2].tolist() == [1, 1]
    assert offsets[0, :, 3, 4].tolist() == [-1, -1]
    assert offsets[0, :, 0, 0].tolist() == [0, 0]


@pytest.mark.parametrize('kind', ['quality', 'paper', 'offsets'], indirect=True)
def test_a_seed_is_as_good_as_its_pixel_is_a_thing(kind, head):
    """Two places of the same quality: what is likelier a thing scores more, and stuff has no seed."""
    probability = torch.full(SIZE, 0.02)
    probability[2:12, 2:12], probability[18:28, 18:28] = 0.9, 0.6
    semantic = torch.stack([probability.log(), (1 - probability).log()])[None]
    pixels = head([feature()], SIZE).pixels.detach() * 0
    pixels[:, 0, :, :16], pixels[:, 1, :, 16:] = 1, 1
    if kind == 'offsets':
        pixels = torch.zeros(1, 2, *SIZE)
    seeds = torch.full((1, 1, *SIZE), -9.0)
    for y, x in ((6, 6), (22, 22), (6, 26)):
        seeds[0, 0, y, x] = 9.0
    classes = ClassMaps.of(semantic, 1, SIZE)
    groups, _ = head.eval().group(feature(), SegmentOutputs(semantic, pixels, seeds), classes)
    expected = torch.tensor([0.9, 0.6])
    torch.testing.assert_close(groups.seed_scores[0][groups.valid[0]], expected, atol=2e-3, rtol=2e-3)


def test_training_groups_without_further_rounds():
    """Rough masks do, at a fraction of the time: they are what no round gives, and not what two give."""
    ids = torch.ones(1, *SIZE, dtype=torch.long)
    embeddings = embed(ids, noise=0.09)
    middle = torch.nn.functional.normalize(embeddings.mean((2, 3)), dim=1)[0]
    seeds = torch.full((1, 1, *SIZE), -9.0)
    seeds.view(-1)[int(torch.einsum('dhw,d->hw', embeddings[0], middle).argmin())] = 9.0
    semantic = torch.tensor([9.0, -9.0]).view(1, 2, 1, 1).expand(1, 2, *SIZE)
    head = ContrastiveInstanceHead(1, 1, 8)
    found = head._predicted_groups(SegmentOutputs(semantic, embeddings, seeds), SIZE)
    p_thing = semantic.softmax(1)[:, 0]
    for rounds in (0, 2):
        options = GroupingOptions(iterations=rounds)
        groups = group_by_prototypes(embeddings, seeds[:, 0].sigmoid() * p_thing, p_thing, options)
        assert torch.equal(groups.assignment, found.assignment) == (rounds == 0)

from __future__ import annotations

import math

import pytest
import torch
from instance_maps import filled, one_pixel_map, random_map, touching_map

from mmmaskattn.models.losses import InstanceContrastiveLoss, sample_pixels
from mmmaskattn.registry import MODELS

FEW = dict(pixels_per_instance=4, background_pixels=6)
BOTH = pytest.mark.parametrize('denominator', ['all', 'negatives'])


def plain_loss(embeddings, index, ids, temperature, denominator):
    """Eqs. 4 to 6, pixel by pixel and pair by pair; the loss and the mean of ln |P|."""
    of_anchor, logs = [], []
    for image in range(len(embeddings)):
        units = [e / e.norm() for e in embeddings[image].flatten(1).T[index[image]]]
        numbers = ids[image].tolist()
        pixels = [i for i, number in enumerate(numbers) if number >= 0]
        for i in pixels:
            positives = [j for j in pixels if j != i and numbers[j] == numbers[i] and numbers[i] > 0]
            negatives = [j for j in pixels if numbers[j] != numbers[i]]
            if not positives:
                continue

            def power(j, i=i, units=units):
                return torch.exp(units[i] @ units[j] / temperature)

            pushed = sum(power(j) for j in negatives)
            pulled = sum(power(j) for j in positives)
            losses = [
                -torch.log(power(k) / (pushed + (pulled if denominator == 'all' else power(k)))) for k in positives
            ]
            of_anchor.append(sum(losses) / len(positives))
            logs.append(math.log(len(positives)))
    return sum(of_anchor) / len(of_anchor), sum(logs) / len(logs)


def random_embeddings(maps: torch.Tensor, channels: int = 5, **kwargs) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    shape = (len(maps), channels, *maps.shape[1:])
    return torch.randn(shape, generator=generator, **kwargs).requires_grad_()


@BOTH
@pytest.mark.parametrize(('temperature', 'share'), [(0.1, 0.0), (0.5, 0.5)])
def test_equals_a_double_loop(denominator, temperature, share):
    maps = torch.stack([random_map(0), random_map(1), filled(0, (24, 20)), random_map(2, ignore=False)])
    embeddings = random_embeddings(maps, dtype=torch.float64)
    options = dict(FEW, boundary_share=share)
    loss = InstanceContrastiveLoss(temperature, denominator, loss_weight=0.7, **options)
    torch.manual_seed(0)
    terms = loss(embeddings, maps)
    torch.manual_seed(0)
    sample = sample_pixels(maps, **options)
    expected, floor = plain_loss(embeddings, *sample, temperature, denominator)
    assert terms.loss.item() == pytest.approx(0.7 * expected.item(), rel=1e-10)
    assert terms.above_floor.item() == pytest.approx(expected.item() - (floor if denominator == 'all' else 0))
    assert not terms.above_floor.requires_grad
    (ours,) = torch.autograd.grad(terms.loss, embeddings)
    (plain,) = torch.autograd.grad(0.7 * expected, embeddings)
    assert plain.abs().max() > 1e-4
    assert torch.allclose(ours, plain, rtol=1e-9, atol=1e-12)


@BOTH
def test_gradients_are_the_differences(denominator):
    maps = random_map(3, size=(6, 5), count=3)[None]
    embeddings = random_embeddings(maps, channels=3, dtype=torch.float64)
    loss = InstanceContrastiveLoss(0.5, denominator, **FEW)

    def fixed_pixels(values):
        torch.manual_seed(0)
        return loss(values, maps).loss

    assert torch.autograd.gradcheck(fixed_pixels, (embeddings,))


@BOTH
def test_float32_is_close_to_float64(denominator):
    maps = torch.stack([random_map(0), random_map(1)])
    embeddings = random_embeddings(maps, channels=32, dtype=torch.float64).detach()
    loss = InstanceContrastiveLoss(denominator=denominator)
    torch.manual_seed(0)
    exact = loss(embeddings, maps).loss
    torch.manual_seed(0)
    assert loss(embeddings.float(), maps).loss.item() == pytest.approx(exact.item(), rel=1e-5)


def test_perfect_embeddings_reach_the_floor():
    """16 pixels of each instance: the loss is ln 15, and above_floor reads 0."""
    instance_map = filled(0, (16, 16))
    for k in range(4):
        instance_map[4 * k : 4 * k + 4, :8] = k + 1
    embeddings = torch.nn.functional.one_hot(instance_map, 5).permute(2, 0, 1)[None].float()
    terms = InstanceContrastiveLoss(temperature=0.05, loss_weight=1.0)(embeddings, instance_map[None])
    assert terms.loss.item() == pytest.approx(math.log(15), abs=1e-5)
    assert terms.above_floor.item() == pytest.approx(0, abs=1e-5)
    only_negatives = InstanceContrastiveLoss(temperature=0.05, denominator='negatives')(embeddings, instance_map[None])
    assert only_negatives.loss.item() == pytest.approx(0, abs=1e-5)
    assert only_negatives.above_floor.item() == pytest.approx(0, abs=1e-5)


@BOTH
def test_images_are_never_mixed(denominator):
    """All pixels of instances are drawn and equally many in both images, so the batch is the mean of its images."""
    maps = torch.stack([touching_map(), touching_map()])
    embeddings = random_embeddings(maps)
    loss = InstanceContrastiveLoss(denominator=denominator, pixels_per_instance=24)
    both = loss(embeddings, maps)
    single = [loss(embeddings[i : i + 1], maps[i : i + 1]) for i in range(2)]
    assert abs(single[0].loss - single[1].loss) > 1e-3
    assert both.loss.item() == pytest.approx((single[0].loss + single[1].loss).item() / 2, rel=1e-5)
    maps[1] = 0  # an image of background adds nothing to the other's loss
    terms = loss(embeddings, maps)
    assert terms.loss.item() == pytest.approx(single[0].loss.item(), rel=1e-5)
    (gradient,) = torch.autograd.grad(terms.loss, embeddings)
    assert gradient[0].abs().max() > 0
    assert not gradient[1].any()


@BOTH
@pytest.mark.parametrize(
    'maps',
    [filled(0)[None], filled(-1)[None], torch.stack([filled(0), filled(-1)]), one_pixel_map()[None]],
    ids=['no instance', 'only ignore', 'no instance in the batch', 'one-pixel instances'],
)
def test_without_a_pair_it_is_zero_in_the_graph(maps, denominator):
    embeddings = random_embeddings(maps)
    terms = InstanceContrastiveLoss(denominator=denominator)(embeddings, maps)
    terms.loss.backward()
    assert terms.loss.item() == terms.above_floor.item() == 0
    assert embeddings.grad is not None
    assert not embeddings.grad.any()


def test_one_pixel_instances_are_negatives():
    instance_map = filled(-1)
    instance_map[0, :4] = 1
    embeddings = random_embeddings(instance_map[None])
    alone = InstanceContrastiveLoss()(embeddings, instance_map[None]).loss
    instance_map[5, 5] = 2
    terms = InstanceContrastiveLoss()(embeddings, instance_map[None])
    assert terms.loss > alone
    (gradient,) = torch.autograd.grad(terms.loss, embeddings)
    assert gradient[0, :, 5, 5].any()


@BOTH
def test_one_instance_fills_the_image(denominator):
    """No negative: what is left of Eq. 6 with equal embeddings is ln |P|, with no gradient."""
    maps = filled(1)[None]
    embeddings = torch.ones(1, 4, 8, 6, requires_grad=True)
    terms = InstanceContrastiveLoss(denominator=denominator, loss_weight=1.0)(embeddings, maps)
    terms.loss.backward()
    assert terms.loss.item() == pytest.approx(math.log(15) if denominator == 'all' else 0, abs=1e-5)
    assert terms.above_floor.item() == pytest.approx(0, abs=1e-5)
    assert embeddings.grad.abs().max() < 1e-6


@BOTH
def test_touching_instances_of_one_class_are_pushed_apart(denominator):
    """Plain gradient descent on the embeddings of two touching instances tells them apart."""
    maps = touching_map()[None]
    embeddings = random_embeddings(maps)
    loss = InstanceContrastiveLoss(denominator=denominator, boundary_share=0.5)
    optimizer = torch.optim.Adam([embeddings], lr=0.1)
    torch.manual_seed(0)
    for _ in range(60):
        optimizer.zero_grad()
        loss(embeddings, maps).loss.backward()
        optimizer.step()
    units = torch.nn.functional.normalize(embeddings.detach(), dim=1)[0]
    left, right = units[:, :, :3].flatten(1), units[:, :, 3:].flatten(1)
    assert min((left.T @ left).min(), (right.T @ right).min()) > (left.T @ right).max() + 0.2
    if denominator == 'all':  # the other stops pulling once the two are told apart
        assert (left.T @ left).min() > 0.8


@BOTH
@pytest.mark.parametrize('scale', [0.0, 1e-30, 1e-8, 1e8, 1e18])
def test_extreme_lengths_stay_finite(denominator, scale):
    maps = torch.stack([random_map(0), touching_map().repeat(3, 4)[:, :20]])
    embeddings = (random_embeddings(maps).detach() * scale).requires_grad_()
    terms = InstanceContrastiveLoss(denominator=denominator)(embeddings, maps)
    terms.loss.backward()
    assert terms.loss.isfinite()
    assert embeddings.grad.isfinite().all()


@BOTH
@pytest.mark.parametrize('temperature', [0.001, 100.0])
def test_extreme_temperatures_stay_finite(denominator, temperature):
    maps = random_map(0)[None]
    embeddings = random_embeddings(maps)
    terms = InstanceContrastiveLoss(temperature, denominator)(embeddings, maps)
    terms.loss.backward()
    assert terms.loss.isfinite()
    assert embeddings.grad.isfinite().all()


@BOTH
def test_half_precision_is_computed_in_float32(denominator):
    maps = torch.stack([random_map(0), random_map(1)])
    embeddings = random_embeddings(maps).detach().bfloat16().requires_grad_()
    loss = InstanceContrastiveLoss(denominator=denominator)
    torch.manual_seed(0)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        terms = loss(embeddings, maps)
    torch.manual_seed(0)
    expected = loss(embeddings.detach().float(), maps)
    assert terms.loss.dtype == terms.above_floor.dtype == torch.float32
    assert terms.loss.item() == pytest.approx(expected.loss.item(), rel=1e-6)
    terms.loss.backward()
    assert embeddings.grad.isfinite().all()


def test_is_built_by_its_name():
    loss = MODELS.build(dict(type='mmmaskattn.InstanceContrastiveLoss', temperature=0.2, max_instances=100))
    assert (loss.temperature, loss.max_instances, loss.loss_weight) == (0.2, 100, 0.5)
    assert 'temperature=0.2' in repr(loss)


@pytest.mark.parametrize(
    ('option', 'value'),
    [
        ('temperature', 0),
        ('denominator', 'positives'),
        ('pixels_per_instance', 1),
        ('background_pixels', -1),
        ('max_instances', 0),
        ('boundary_share', 1.5),
    ],
)
def test_wrong_options_are_named(option, value):
    with pytest.raises(ValueError, match=f'InstanceContrastiveLoss: option {option} is {value!r}; expected'):
        InstanceContrastiveLoss(**{option: value})


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r'\(1, 4, 8, 8\) and instance_map \(1, 8, 6\)'):
        InstanceContrastiveLoss()(torch.zeros(1, 4, 8, 8), filled(1)[None])

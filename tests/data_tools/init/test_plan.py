"""The rules, each at the values where it changes its mind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mmmaskattn.data_tools.init.fingerprint import Fingerprint, Machine, Sizes
from mmmaskattn.data_tools.init.plan import choose_size, make_plan

CPU = Machine(2, 10**10, None, 0, True)
GPU = replace(CPU, gpu='a card', gpu_memory=10**10)
SQUARE = Sizes({'PNG': 9}, 0, [100, 100], [200, 200], [300, 300], [0.9, 1.0, 1.1], 300)


def sizes(low: float, aspect: float, high: float, long_side: int = 300) -> Sizes:
    return replace(SQUARE, aspects=[low, aspect, high], long_side=long_side)


def found(task: str = 'semantic', pictures: int = 400, machine: Machine = CPU, **changes) -> Fingerprint:
    usual = dict(
        task=task, layout='', how='', pictures={'train': pictures, 'val': 10}, split_rule='', sizes=SQUARE,
        counted_at=[128, 128], classes=['a', 'b'], pixel_shares=[99.99, 0.0], class_pictures=[400, 0],
        class_objects=[], objects=1000, most_objects=90, object_quantiles={50: 32}, tiny_objects=0.0,
        empty_pictures=0, left_out=[], machine=machine,
    )  # fmt: skip
    return Fingerprint(**{**usual, **changes})


@pytest.mark.parametrize(
    ('given', 'size'),
    [
        (sizes(1, 1, 1), (128, 128)),
        (sizes(1.3, 4 / 3, 1.4), (96, 128)),
        (sizes(0.5, 0.6, 0.7), (128, 64)),
        (sizes(9, 10, 11), (64, 128)),
        (sizes(0.7, 1.4, 1.5), (128, 128)),
        (sizes(1.3, 4 / 3, 1.4, 64), (64, 64)),
        (sizes(1.3, 4 / 3, 1.4, 65), (96, 128)),
    ],
)
def test_the_input_follows_the_pictures(given, size):
    assert choose_size(given)[0] == size


@pytest.mark.parametrize(
    ('pictures', 'machine', 'batch', 'epochs'),
    [
        (400, CPU, 8, 45),
        (100, CPU, 8, 180),
        (31, CPU, 7, 300),
        (5, CPU, 2, 300),
        (8000, CPU, 8, 25),
        (8000, GPU, 16, 45),
        (10**6, CPU, 8, 10),
    ],
)
def test_batch_and_epochs_follow_number_and_machine(pictures, machine, batch, epochs):
    plan = make_plan(found(pictures=pictures, machine=machine))
    assert (plan.batch.value, plan.epochs.value) == (batch, epochs)
    assert plan.rate.value == pytest.approx(1e-3 * batch / 8)


def test_without_weights_a_model_from_scratch_at_twice_the_rate():
    plan = make_plan(found(machine=replace(CPU, weights=False)))
    assert plan.model.value == 'models/maskattn_unet_tiny.py'
    assert plan.rate.value == 2e-3
    assert make_plan(found('instance')).model.value == 'models/bottom_up_lite0.py'


@pytest.mark.parametrize(('most', 'wanted'), [(3, 100), (80, 100), (81, 150), (300, 400), (5000, 1000)])
def test_room_for_the_objects(most, wanted):
    assert make_plan(found('instance', most_objects=most)).max_instances.value == wanted


def test_small_objects_are_found_in_maps_of_all_pixels():
    plans = [make_plan(found('panoptic', object_quantiles={50: pixels})) for pixels in (31, 32)]
    assert [plan.upsample.value for plan in plans] == [2, 1]
    assert make_plan(found()).upsample is None


def test_a_class_that_never_occurs_has_a_share_and_a_warning():
    plan = make_plan(found())
    assert plan.shares.value == (99.99, 0.001)
    assert plan.warnings == ('no training picture has b',)
    assert 'cut pictures into tiles' in make_plan(found('instance', tiny_objects=7.0)).warnings[-1]

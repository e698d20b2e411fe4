from __future__ import annotations

import pytest
import torch

from mmmaskattn.analysis.timing.grouping import benchmark_grouping, crafted_image
from mmmaskattn.models.grouping import GroupingOptions, group_by_prototypes


@pytest.mark.parametrize('instances', [1, 8, 64, 100])
def test_every_crafted_instance_is_found_on_its_square(instances):
    image = crafted_image(instances)
    groups = group_by_prototypes(*image, GroupingOptions())
    assert int(groups.valid.sum()) == instances
    assert torch.equal(groups.assignment >= 0, image.p_thing > 0.5)


def test_the_table_names_every_case_and_the_conditions():
    threads = torch.get_num_threads()
    found = benchmark_grouping([4, 12], side=32, rounds=3, warmup=1)
    assert torch.get_num_threads() == threads
    names = ['matrix product', 'K = 4, 4 instances', 'K = 12, 12 instances', 'K = 12, 8 instances']
    assert list(found.wall) == list(found.processor) == names
    assert all(len(timing.milliseconds) == 3 for timing in (*found.wall.values(), *found.processor.values()))
    table = found.table()
    for text in (*names, '1 CPU thread', '32 x 32', '3 interleaved rounds after 1', 'p95 ms'):
        assert text in table


@pytest.mark.parametrize(('instances', 'side'), [(0, 32), (100, 16)])
def test_instances_that_do_not_fit_are_refused(instances, side):
    with pytest.raises(ValueError, match='expected at least 1'):
        crafted_image(instances, side)


def test_instances_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ValueError, match='use more channels'):
        benchmark_grouping([40], side=64, channels=2, rounds=1, warmup=0)

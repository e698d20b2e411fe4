"""Size of a cache, told beforehand, and what happens where there is no room."""

from __future__ import annotations

import json

import pytest
from cache_job import work
from mmengine.dataset import ConcatDataset
from shipped_data import build_shipped
from small_data import write_camvid
from warm_processes import run_two

from mmmaskattn.datasets.cache import CachedSteps, plan_cache
from mmmaskattn.utils.memory import free_memory, size_text


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_camvid(tmp_path_factory.mktemp('camvid'), images=20)


def test_the_size_is_told(root, tmp_path):
    datasets = [build_shipped('camvid_semantic', root, 'train') for _ in range(2)]
    plan = plan_cache([ConcatDataset(datasets)], 'ram', 0.5, tmp_path)
    # 90 x 120 pixels of four bytes each, 40 times, and some hundred bytes a sample
    assert plan.text.startswith('about 1.7 MB of memory for 40 decoded samples, ')
    assert plan.text.endswith('GB are free')
    assert all(isinstance(one.pipeline.transforms[0], CachedSteps) for one in datasets)


def test_too_little_room_is_refused_or_told(root, tmp_path):
    for where, advice in (('ram', '--cache disk'), ('disk', 'another folder')):
        dataset = build_shipped('camvid_semantic', root, 'train')
        with pytest.raises(ValueError, match=rf'--cache {where}: about 868 kB of .*; use .*{advice}'):
            plan_cache([dataset], where, 1e-9, tmp_path)
        assert not isinstance(dataset.pipeline.transforms[0], CachedSteps)
    plan = plan_cache([dataset], 'auto', 1e-9, tmp_path)
    assert plan.where == 'none'
    assert not isinstance(dataset.pipeline.transforms[0], CachedSteps)


def test_what_is_on_disk_already_needs_no_room(root, tmp_path):
    dataset = build_shipped('camvid_semantic', root, 'train')
    plan_cache([dataset], 'disk', 0.5, tmp_path)
    for index in range(20):
        dataset[index]
    again = build_shipped('camvid_semantic', root, 'train')
    assert plan_cache([again], 'disk', 1e-9, tmp_path).where == 'disk'


def test_nothing_to_cache_is_refused(root, tmp_path):
    dataset = build_shipped('camvid_semantic', root, 'train')
    dataset.pipeline.transforms = dataset.pipeline.transforms[1:]
    with pytest.raises(ValueError, match='no pipeline begins with steps that can be cached'):
        plan_cache([dataset], 'ram', 0.5, tmp_path)


def test_processes_of_a_machine_share_one_cache(tmp_path):
    write_camvid(tmp_path / 'camvid', images=20)
    run_two(work, tmp_path)
    first, second = (json.loads((tmp_path / f'{rank}.json').read_text()) for rank in range(2))
    assert first['text'] == second['text'], 'measured once'
    assert [second['before'], second['after']] == [False, True]


def test_free_memory_is_that_of_the_container_if_less(tmp_path):
    meminfo, cgroup = tmp_path / 'meminfo', tmp_path / 'cgroup'
    meminfo.write_text('MemTotal:  8000 kB\nMemAvailable:  5000 kB\n')
    assert free_memory(meminfo, cgroup) == 5000 * 1024
    cgroup.mkdir()
    (cgroup / 'memory.max').write_text('max\n')
    (cgroup / 'memory.current').write_text('100\n')
    assert free_memory(meminfo, cgroup) == 5000 * 1024
    (cgroup / 'memory.max').write_text('3000\n')
    assert free_memory(meminfo, cgroup) == 2900
    assert free_memory() > 0


def test_sizes_are_rounded():
    assert [size_text(one) for one in (5, 1500, 864_000, 24.14e6, 3e15)] == [
        '5 B',
        '1.5 kB',
        '864 kB',
        '24.1 MB',
        '3000 TB',
    ]

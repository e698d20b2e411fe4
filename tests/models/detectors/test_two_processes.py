"""Training goes on where one process has no instance: it neither hangs nor turns into NaN."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from instance_job import work
from warm_processes import run_two

CONFIGS = Path(__file__).parents[3] / 'configs'
OURS = str(CONFIGS / 'maskattn/dsb2018_panoptic_128_tiny.py')
CASES = {
    'learned seeds': (OURS, {'model.segment_head.class_warmup': 1}),
    'paper': (OURS, {'model.segment_head.mode': 'paper'}),
    'offsets': (str(CONFIGS / 'peers/offset_voting_tiny/dsb2018_panoptic_128.py'), {}),
}


@pytest.fixture(scope='module')
def gradients(tmp_path_factory):
    folder = tmp_path_factory.mktemp('processes')
    run_two(work, str(folder), CASES)
    return [torch.load(folder / f'{rank}.pt') for rank in range(2)]


@pytest.mark.slow
@pytest.mark.parametrize('case', CASES)
def test_a_process_without_instances_keeps_in_step(case: str, gradients):
    first, second = (of_process[case] for of_process in gradients)
    for name, gradient in first.items():
        assert gradient is not None, name
        assert torch.isfinite(gradient).all(), name
        torch.testing.assert_close(gradient, second[name])
    assert any(float(gradient.abs().max()) > 0 for gradient in first.values())

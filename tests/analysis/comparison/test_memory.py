from __future__ import annotations

from pathlib import Path

import pytest

from mmmaskattn.analysis.comparison.memory import MemoryRequest, can_measure, measure_memory

TINY = Path(__file__).parents[3] / 'configs/maskattn/ade20k_semantic_128_tiny.py'
pytestmark = pytest.mark.skipif(not can_measure(), reason='needs /proc of Linux')


@pytest.mark.long
def test_peak_holds_what_a_forward_must_hold_and_training_more():
    """At 256x256 and batch 8 the 150 logits of the head alone are 128 x 128 x 150 floats an image."""
    peaks = measure_memory(MemoryRequest(str(TINY), (256, 256), (1, 8), 2, 'tensor', 1))
    logits = 128 * 128 * 150 * 4 / 2**20
    assert set(peaks) == {'1', '8', 'train'}
    assert peaks['8'] > 8 * logits
    assert logits < peaks['1'] < peaks['8']
    assert peaks['train'] > 2 * 2 * logits  # logits and their gradient


@pytest.mark.long
def test_a_failure_tells_what_went_wrong():
    with pytest.raises(
        RuntimeError, match=r'nowhere\.py: measuring its memory ended with 1\n(.*\n)*.*there is no config'
    ):
        measure_memory(MemoryRequest('nowhere.py', (32, 32), (1,), None, 'tensor', 1))

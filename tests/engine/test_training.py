"""What is said at the start of a training."""

import re

import pytest
from mmengine.config import Config

from mmmaskattn.engine.training import batch_notes


@pytest.mark.parametrize(
    ('batch', 'processes', 'scaling', 'said'),
    [
        (
            2,
            1,
            dict(base_batch_size=8),
            r'batch of 8, here it is 2 .*--auto-scale-lr scales it by 0\.25',
        ),
        (2, 4, dict(base_batch_size=8), None),
        (2, 1, dict(base_batch_size=8, enable=True), None),
        (2, 1, None, None),
    ],
)
def test_a_learning_rate_for_another_total_batch_is_told(batch, processes, scaling, said):
    notes = batch_notes(Config(dict(train_dataloader=dict(batch_size=batch), auto_scale_lr=scaling)), processes)
    assert len(notes) == (said is not None)
    assert all(re.search(said, note) for note in notes)

"""What is said at the start of a training."""

import re

import pytest
from mmengine.config import Config

from mmmaskattn.engine.training import batch_notes, set_cache


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


def test_a_cache_is_asked_for_in_the_config():
    cfg = Config(dict(default_hooks=dict(cache=dict(type='mmmaskattn.SampleCacheHook', where='none'))))
    set_cache(cfg, 'ram', share=0.25)
    assert cfg.default_hooks.cache == dict(type='mmmaskattn.SampleCacheHook', where='ram', share=0.25)
    foreign = Config(dict())
    set_cache(foreign, None, 'there')
    assert foreign.default_hooks.cache == dict(type='mmmaskattn.SampleCacheHook', where='disk', folder='there')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (('ram', 'there'), '--cache-dir there: the cache is not on disk but ram; say --cache disk'),
        ((None, None, 0.2), '--cache-share 0.2: there is no cache; say --cache ram or --cache disk'),
    ],
)
def test_options_of_a_cache_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        set_cache(Config(dict()), *options)

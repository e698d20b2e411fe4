"""A training with a cache ends with the weights of one without, also when it is resumed and loads in workers."""

from __future__ import annotations

import pytest
import torch
from long_tests import first_of
from segment_job import train_here, write_segment_job

from mmmaskattn.data_tools.mini import write_mini


@pytest.mark.slow
@pytest.mark.parametrize('where', first_of(['ram', 'disk']))
def test_a_resumed_training_with_a_cache_ends_as_a_whole_one_without(tmp_path, where):
    data = write_mini('coco', tmp_path / 'coco', num_train=6, num_val=2, size=(96, 128))
    config, epochs = write_segment_job(tmp_path, 'semantic', data), {'train_cfg.max_epochs': 2}
    whole, _ = train_here(config, tmp_path / 'whole', **epochs)
    options = {'default_hooks.cache.where': where, 'train_dataloader.num_workers': 2, **epochs}
    resume = dict(resume=True, load_from=str(tmp_path / 'whole/epoch_1.pth'))
    resumed, _ = train_here(config, tmp_path / 'resumed', **options, **resume)
    weights = resumed.model.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in whole.model.state_dict().items())
    found = [hook.plan.text for hook in resumed.hooks if hasattr(hook, 'plan')]
    assert len(found) == 1
    assert 'decoded samples' in found[0]
    assert (tmp_path / 'resumed/cache').exists() == (where == 'disk')

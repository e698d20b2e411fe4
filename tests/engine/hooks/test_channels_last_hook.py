from __future__ import annotations

import torch
from segment_job import train_here, write_segment_job

from mmmaskattn.data_tools.mini import write_mini


def test_a_training_stores_every_convolution_with_channels_last(tmp_path):
    data = write_mini('coco', tmp_path / 'coco', num_train=2, num_val=2, size=(48, 64))
    runner, _ = train_here(write_segment_job(tmp_path, 'semantic', data), tmp_path / 'work')
    weights = [one for one in runner.model.parameters() if one.dim() == 4 and one.shape[1] > 1 and one.shape[2] > 1]
    assert len(weights) > 10
    assert all(one.is_contiguous(memory_format=torch.channels_last) for one in weights)
    (feature, *_) = runner.model.extract_feat(torch.rand(1, 3, 32, 48))
    assert feature.is_contiguous(memory_format=torch.channels_last)

"""Half of the predictions of a data set stored by one of two processes."""

from __future__ import annotations

import torch
from mmengine.evaluator import Evaluator
from segment_samples import METAINFO, segment_sample

from mmmaskattn.engine.launch import finish_distributed
from mmmaskattn.evaluation.segment_dump import SegmentDump

COUNT = 3
"""Images; odd, so that the sampler pads."""


def work(rank: int, folder: str) -> None:
    """One of two processes; the last image is the first again, as mmengine's sampler pads."""
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2)
    evaluator = Evaluator(SegmentDump(output_dir=f'{folder}/out'))
    evaluator.dataset_meta = METAINFO
    for number in (rank, (rank + 2) % COUNT):
        evaluator.process([segment_sample(img_path=f'{number}.png', img_id=number)])
    assert evaluator.evaluate(COUNT) == {}
    finish_distributed()

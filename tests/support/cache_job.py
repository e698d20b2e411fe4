"""Two processes of a training with a cache in memory."""

from __future__ import annotations

import json
from pathlib import Path

from shipped_data import build_shipped
from torch import distributed as dist

from mmmaskattn.datasets.cache import plan_cache
from mmmaskattn.engine.launch import finish_distributed

UNMEASURED = 4
"""Of 20 samples, one whose size is not looked at beforehand."""


def work(rank: int, folder: Path) -> None:
    """The first process reads a sample, then the second one tells whether that is in its cache."""
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2)
    dataset = build_shipped('camvid_semantic', folder / 'camvid', 'train')
    plan = plan_cache([dataset], 'ram', 0.5, folder)
    store, sample = dataset.pipeline.transforms[0].store, dataset.get_data_info(UNMEASURED)
    before = store.get(sample, 1) is not None
    dist.barrier()
    if rank == 0:
        dataset[UNMEASURED]
    dist.barrier()
    found = dict(text=plan.text, before=before, after=store.get(sample, 1) is not None)
    (folder / f'{rank}.json').write_text(json.dumps(found))
    dist.barrier()
    finish_distributed()

"""Half of the images of a data set scored by one of two processes, for the comparison with one process."""

from __future__ import annotations

import numpy as np
import torch
from mmengine.evaluator import Evaluator
from scored_samples import (
    META,
    THINGS,
    VOID,
    disturbed,
    random_ids,
    truth,
    with_instances,
    with_panoptic,
    with_semantic,
)

from mmmaskattn.engine.launch import finish_distributed
from mmmaskattn.evaluation import InstanceAP, PanopticQuality, SegmentIoU

IMAGES = 5  # odd, so that the sampler pads


def random_sample(seed: int):
    """A sample with every kind of prediction, as a panoptic model gives them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, VOID, 12).tolist()
    ids = random_ids(rng, len(labels))
    crowds = [k for k, label in enumerate(labels, 1) if label < len(THINGS)][:1]
    guess, guessed = disturbed(rng, ids, labels)
    sample = with_panoptic(truth(ids, labels, crowds, img_id=seed), guess, guessed)
    things = [k for k, label in enumerate(guessed, 1) if label < len(THINGS)]
    scores = rng.random(len(things)).round(1).tolist()
    with_instances(sample, [guess == k for k in things], [guessed[k - 1] for k in things], scores)
    return with_semantic(sample, np.array([VOID, *guessed])[guess])


def score(indices: list[int]) -> dict[str, float]:
    """Figures of all three metrics, of what the processes have seen together."""
    evaluator = Evaluator([metric(prefix='lowres') for metric in (PanopticQuality, InstanceAP, SegmentIoU)])
    evaluator.dataset_meta = META
    for index in indices:
        evaluator.process([random_sample(index)])
    return evaluator.evaluate(IMAGES)


def work(rank: int, folder: str) -> None:
    """One of two processes; the last image is the first again, as mmengine's sampler pads."""
    torch.distributed.init_process_group('gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2)
    torch.save(score([rank, rank + 2, (rank + 4) % IMAGES]), f'{folder}/{rank}.pt')
    finish_distributed()

"""The part of a pipeline whose result is stored: all before the first random draw, but for the size of the decoding.

`LoadLowResImage` draws the ratio of the jitter before it decodes, and decodes a JPEG as small as that allows. So a
sample has one record for each size at which it may be decoded, and the ratio is drawn in the same place as without a
cache: batches are the same, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import BaseDataset

from mmmaskattn.datasets import transforms
from mmmaskattn.datasets.cache.record import pack_record, unpack_record
from mmmaskattn.datasets.cache.stores import Store
from mmmaskattn.datasets.transforms.load_low_res_image import LoadLowResImage, decode_scale
from mmmaskattn.datasets.transforms.low_res_resize import scale_size

SCALES = (1, 2, 4, 8)
SLOTS = 1 + len(SCALES)
"""Records of a sample: the size that decides at which scale it is decoded, then one for each scale."""
_TRIED_RATIOS = 33
SAME_EACH_TIME = (
    LoadImageFromFile,
    transforms.CheckSegMap,
    transforms.LoadLowResImage,
    transforms.LoadPanoptic,
    transforms.LoadPanopticAsSemantic,
    transforms.LoadSegMap,
    transforms.LowResResize,
    *([transforms.LoadInstances] if hasattr(transforms, 'LoadInstances') else []),  # there with mmdet
)
"""Steps that give the same for the same sample each time."""


def steps_to_cache(steps: list[Any]) -> list[Any]:
    """The first steps of a pipeline, as many as give the same each time; of subclasses nothing is known.

    Args:
        steps: All steps.

    Returns:
        They; none if no image would be loaded by them.
    """
    count = next((number for number, step in enumerate(steps) if type(step) not in SAME_EACH_TIME), len(steps))
    loads = any(isinstance(step, LoadImageFromFile) for step in steps[:count])
    return steps[:count] if loads else []


class CachedSteps:
    """Steps of a pipeline whose result is read from a store where it is there, and written to it where it is not.

    Args:
        steps: The steps; see `steps_to_cache`.
        store: The store.
    """

    def __init__(self, steps: list[Callable[[dict], dict | None]], store: Store) -> None:
        self.steps, self.store = steps, store
        loaders = [step for step in steps if isinstance(step, LoadLowResImage) and step.ratio_range is not None]
        self._jittered = loaders[0] if loaders else None

    def __call__(self, results: dict) -> dict | None:
        """Load one sample.

        Args:
            results: The sample as the data set gives it.

        Returns:
            The sample as the steps give it, which may be None.
        """
        slot = 1
        if self._jittered is not None:
            results['jitter_ratio'] = self._jittered.draw_ratio()
            slot = self._slot(results, self._jittered)
        stored = self.store.get(results, slot)
        if stored is None:
            return self._load(results, slot)[0]
        results.update(unpack_record(stored))
        return results

    def fill(self, sample: Callable[[], dict]) -> tuple[int, int]:
        """Store all records of one sample.

        Args:
            sample: Gives the sample anew each time, as the data set gives it.

        Returns:
            Bytes of its records, and of those that were not there before.
        """
        size = added = 0
        for ratio, slot in self._decodes(sample()):
            results = sample()
            if ratio is not None:
                results['jitter_ratio'] = ratio
            stored = self.store.get(results, slot)
            written = len(stored) if stored is not None else self._load(results, slot)[1]
            size, added = size + written, added + (written if stored is None else 0)
        return size, added

    def _decodes(self, results: dict) -> Iterator[tuple[float | None, int]]:
        """A ratio for each slot that may be asked for."""
        loader = self._jittered
        if loader is None or loader.ratio_range is None:
            yield None, 1
            return
        ratios = {
            self._slot({**results, 'jitter_ratio': ratio}, loader): ratio
            for ratio in map(float, np.linspace(*loader.ratio_range, _TRIED_RATIOS))
        }
        yield from ((ratio, slot) for slot, ratio in ratios.items())

    def _slot(self, results: dict, loader: LoadLowResImage) -> int:
        """Where the result is for the ratio that was drawn."""
        stored = self.store.get(results, 0)
        if stored is None:
            size = loader.reducible_size(results['img_path'])
            self.store.put(results, 0, pack_record({'size': size}))
        else:
            size = unpack_record(stored)['size']
        needed = scale_size(loader.size, results['jitter_ratio'])
        return 1 + SCALES.index(decode_scale(size, needed) if size else 1)

    def _load(self, results: dict, slot: int) -> tuple[dict | None, int]:
        """Run the steps and store what they added or changed; return the sample and the record's size."""
        before = {key: list(value) if isinstance(value, list) else value for key, value in results.items()}
        sample = dict(results)
        loaded: dict | None = results
        for step in self.steps:
            loaded = step(loaded) if loaded is not None else None
        if loaded is None:
            return None, 0
        changed = {key: value for key, value in loaded.items() if key not in before or _differs(before[key], value)}
        record = pack_record(changed)
        self.store.put(sample, slot, record)
        return loaded, len(record)

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.steps})'


def _differs(before: Any, after: Any) -> bool:
    return before != after if isinstance(before, list) and isinstance(after, list) else before is not after


def steps_text(steps: list[Any]) -> str:
    """Steps with all their options, in words.

    Args:
        steps: The steps.
    """
    return repr([(type(step).__qualname__, sorted(vars(step).items())) for step in steps])


def put_cache(dataset: BaseDataset, store: Store) -> CachedSteps:
    """Have a data set read its samples through a store.

    Args:
        dataset: The data set, whose pipeline has steps to cache; changed in place.
        store: The store, for this data set alone.

    Returns:
        What the steps have become.
    """
    steps = dataset.pipeline.transforms
    cached = CachedSteps(steps_to_cache(steps), store)
    dataset.pipeline.transforms = [cached, *steps[len(cached.steps) :]]
    return cached

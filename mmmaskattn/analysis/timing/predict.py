"""Time of a whole prediction, post-processing included, with trained weights on the images of a test set.

What grouping, suppression or matching cost depends on what is found, so random weights tell little of them.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmmaskattn.analysis.models import build_model, build_seeded_model
from mmmaskattn.analysis.timing.latency import LAYOUTS, Timing, time_in_turn
from mmmaskattn.utils.markdown import markdown_table
from mmmaskattn.utils.weights import load_model_weights

RANDOM = 'random'
"""In place of a checkpoint: weights as they are drawn, the same each time."""


def trained_model(cfg: Config, checkpoint: str | Path, allow_partial: bool = False) -> BaseModel:
    """Build the model of a config with trained weights, in evaluation mode on the CPU.

    Args:
        cfg: The config.
        checkpoint: The file, or `RANDOM`.
        allow_partial: Take what fits of a checkpoint of another model.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        WeightsMismatchError: If the checkpoint is of another model.
    """
    if checkpoint == RANDOM:
        return build_seeded_model(cfg).eval()
    model: Any = build_model(cfg)
    load_model_weights(model, checkpoint, allow_partial)
    return model.eval()


def test_batches(cfg: Config, count: int, size: int) -> list[dict[str, Any]]:
    """The first batches of a config's test set, as the loader gives them."""
    loader = dict(copy.deepcopy(cfg.test_dataloader), batch_size=size, num_workers=0, persistent_workers=False)
    return [batch for batch, _ in zip(Runner.build_dataloader(loader, seed=0), range(count))]


def prediction_call(model: BaseModel, batches: Sequence[dict[str, Any]]) -> Callable[[], Any]:
    """A call that predicts for one batch, the next at each call: preprocessing, network, post-processing."""
    turn = cycle(batches)

    def _call() -> Any:
        with torch.inference_mode():
            return model.test_step(next(turn))

    return _call


def time_predictions(
    pairs: Sequence[tuple[str, Config, str | Path]],
    images: int,
    rounds: int,
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
    allow_partial: bool = False,
    batch: int = 1,
    layouts: Sequence[str] = ('channels_last',),
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timing]:
    """Time the predictions of several trained models on the same images, in turn.

    Args:
        pairs: Name, config and checkpoint of each model.
        images: Number of images of the test set.
        rounds: How often each image is predicted.
        progress: Wraps the rounds to show how far they are.
        allow_partial: Take what fits of checkpoints of other models.
        batch: Images at once.
        layouts: Memory formats, each for all models; see `LAYOUTS`.
        clock: See `time_in_turn`.

    Returns:
        Times of single batches by name, with the memory format where there are several.
    """
    calls = {}
    for name, cfg, checkpoint in pairs:
        model: Any = trained_model(cfg, checkpoint, allow_partial)
        batches = test_batches(cfg, -(-images // batch), batch)
        for layout in layouts:
            call = prediction_call(copy.deepcopy(model).to(memory_format=LAYOUTS[layout]), batches)
            calls[f'{name}, {layout}' if len(layouts) > 1 else name] = call
    return time_in_turn(calls, rounds * -(-images // batch), warmup=2, progress=progress, clock=clock)


def prediction_table(timings: Mapping[str, Timing], batch: int) -> str:
    """A Markdown table with the time of a thousand images.

    Args:
        timings: What `time_predictions` gives.
        batch: Images at once.
    """
    first = next(iter(timings.values())).milliseconds
    rows = []
    for name, timing in timings.items():
        ratio = median(own / other for own, other in zip(timing.milliseconds, first))
        rows.append([name, f'{timing.median:.1f}', f'{timing.p95:.1f}', f'{timing.median / batch:.1f}', f'{ratio:.2f}'])
    return markdown_table(['model', 'median ms', 'p95 ms', 's for 1,000 images', 'ratio to the first'], rows)

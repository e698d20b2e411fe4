"""Time of a whole prediction, post-processing included, with trained weights on the images of a test set.

What grouping, suppression or matching cost depends on what is found, so random weights would tell little.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmmaskattn.analysis.models import build_model
from mmmaskattn.analysis.timing.latency import Timing, time_in_turn
from mmmaskattn.utils.weights import load_model_weights


def trained_model(cfg: Config, checkpoint: str | Path, allow_partial: bool = False) -> BaseModel:
    """Build the model of a config with trained weights, in evaluation mode on the CPU.

    Args:
        cfg: The config.
        checkpoint: The file.
        allow_partial: Take what fits of a checkpoint of another model.

    Raises:
        FileNotFoundError: If there is no such checkpoint.
        WeightsMismatchError: If the checkpoint is of another model.
    """
    model: Any = build_model(cfg)
    load_model_weights(model, checkpoint, allow_partial)
    return model.eval()


def test_batches(cfg: Config, count: int) -> list[dict[str, Any]]:
    """The first images of a config's test set, each a batch of its own, as the loader gives them."""
    loader = dict(copy.deepcopy(cfg.test_dataloader), batch_size=1, num_workers=0, persistent_workers=False)
    return [batch for batch, _ in zip(Runner.build_dataloader(loader, seed=0), range(count))]


def prediction_call(model: BaseModel, batches: Sequence[dict[str, Any]]) -> Callable[[], Any]:
    """A call that predicts for one image, with the next image at each call: preprocessing, network, post-processing."""
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
) -> dict[str, Timing]:
    """Time the predictions of several trained models on the same images, in turn.

    Args:
        pairs: Name, config and checkpoint of each model.
        images: Number of images of the test set.
        rounds: How often each image is predicted.
        progress: Wraps the rounds to show how far they are.
        allow_partial: Take what fits of checkpoints of other models.

    Returns:
        Times of single images by name.
    """
    calls = {
        name: prediction_call(trained_model(cfg, checkpoint, allow_partial), test_batches(cfg, images))
        for name, cfg, checkpoint in pairs
    }
    return time_in_turn(calls, rounds * images, warmup=2, progress=progress)

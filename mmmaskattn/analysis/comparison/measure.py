"""Measuring of models side by side: cost, memory, latency, training step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmmaskattn.analysis.comparison.accuracy import Accuracy
from mmmaskattn.analysis.comparison.memory import MemoryRequest, measure_memory
from mmmaskattn.analysis.comparison.training import training_step
from mmmaskattn.analysis.cost.complexity import Complexity, count_complexity
from mmmaskattn.analysis.models import build_seeded_model, device_of, random_images, read_config
from mmmaskattn.analysis.timing.latency import Timing, inference_call, time_in_turn
from mmmaskattn.analysis.timing.onnx_runtime import NotInOnnxRuntimeError, check_onnx_installed, onnx_call
from mmmaskattn.utils.configs import distinct_names
from mmmaskattn.utils.progress import show_progress


def instances_found(model: BaseModel, shape: tuple[int, int]) -> int | None:
    """Number of instances that a model predicts for the random image on which it is counted and timed.

    Args:
        model: A segmentor of mmseg or a detector of mmdet; put into evaluation mode.
        shape: Input (H, W).

    Returns:
        Instances of the first prediction: the scored ones, or those of the panoptic map where there are no scored
        ones; None for a model that predicts neither.
    """
    predictions = inference_call(model, random_images(shape, device=device_of(model)), 'predict')()
    return _count_instances(predictions[0])


def _count_instances(sample: Any) -> int | None:
    if 'pred_instances' in sample:
        return len(sample.pred_instances)
    if 'pred_panoptic_seg' in sample:
        ids = torch.as_tensor(sample.pred_panoptic_seg.sem_seg).unique()
        return int((ids >= INSTANCE_OFFSET).sum())
    return None


@dataclass(frozen=True)
class Conditions:
    """How the models are measured.

    Attributes:
        shape: Input (H, W).
        batches: Batch sizes of the latency.
        train_batch: Batch size of the training step, None to leave it out.
        rounds: Rounds timed at batch 1.
        slow_rounds: Rounds timed at larger batches and of the training step.
        warmup: Rounds before, not timed.
        threads: CPU threads.
        device: ``cpu``, ``cuda``, ...
        forward: What is counted and timed. ``tensor``: the bare network; ``predict``: post-processing included;
            ``auto``: ``tensor``, unless it fails or leaves out weights that ``predict`` reads.
        memory: Whether the peak memory is measured.
        onnx: Whether the bare networks are timed in ONNX Runtime too; on the CPU only.
    """

    shape: tuple[int, int] = (128, 128)
    batches: tuple[int, ...] = (1, 32)
    train_batch: int | None = 8
    rounds: int = 30
    slow_rounds: int = 5
    warmup: int = 2
    threads: int = 1
    device: str = 'cpu'
    forward: str = 'auto'
    memory: bool = True
    onnx: bool = True


@dataclass
class Measured:
    """What is known of one model.

    Attributes:
        name: Its name in the table.
        config: Its config file.
        cost: MACs and parameters.
        forward: The forward that was counted and timed, ``tensor`` or ``predict``.
        instances_found: By ``predict`` in the image counted; None where it was not run or finds none ever.
        latency: By batch size; of the whole batch.
        onnx: The same in ONNX Runtime; without the batch sizes that failed there.
        onnx_difference: Largest difference of its outputs from eager PyTorch, as a share of the largest value.
        onnx_failed: Why it is not in ONNX Runtime, None if it is.
        training: Of the training step.
        memory: Peak MiB above the weights by batch size (as text) and ``train``.
        accuracy: By metric.
    """

    name: str
    config: str
    cost: Complexity
    forward: str = 'tensor'
    instances_found: int | None = None
    latency: dict[int, Timing] = field(default_factory=dict)
    onnx: dict[int, Timing] = field(default_factory=dict)
    onnx_difference: float = 0.0
    onnx_failed: str | None = None
    training: Timing | None = None
    memory: dict[str, float] = field(default_factory=dict)
    accuracy: dict[str, Accuracy] = field(default_factory=dict)


class Comparison:
    """Models side by side.

    Args:
        configs: Config files; equal names are told apart by their paths.
        conditions: How to measure.
        options: Settings of every config to override.

    Raises:
        FileNotFoundError: If a config is missing.
        ValueError: If a config is given twice or has no model.
        ModuleNotFoundError: If ONNX Runtime is asked for and not installed.
    """

    def __init__(self, configs: Sequence[str], conditions: Conditions, options: dict[str, Any] | None = None) -> None:
        if len(set(configs)) < len(configs):
            raise ValueError(f'configs {list(configs)}: one is given twice; leave out the second')
        if conditions.onnx:
            check_onnx_installed(', or --skip onnx')
        self.conditions = conditions
        self.options = options or {}
        self._device = torch.device(conditions.device)
        self._configs = dict(zip(distinct_names(configs), configs))
        self._cfgs: dict[str, Config] = {name: read_config(path, self.options) for name, path in self._configs.items()}
        self._models: dict[str, nn.Module] = {}

    def run(self) -> list[Measured]:
        """Measure everything that the conditions ask for, showing progress on standard error.

        Returns:
            One entry for each config, in their order.
        """
        torch.set_num_threads(self.conditions.threads)
        rows = [self._count(name) for name in self._with_progress(self._cfgs, 'counting')]
        if self.conditions.memory and self._device.type == 'cpu':
            for row in self._with_progress(rows, 'memory'):
                row.memory = measure_memory(self._memory_request(row))
        for batch in self.conditions.batches:
            self._time_inference(rows, batch)
            if self.conditions.onnx:
                self._time_onnx(rows, batch)
        if self.conditions.train_batch:
            self._time_training(rows, self.conditions.train_batch)
        return rows

    @staticmethod
    def _with_progress(items: Iterable, what: str) -> Any:
        listed = list(items)
        return show_progress(listed, len(listed), what)

    def _count(self, name: str) -> Measured:
        model = build_seeded_model(self._cfgs[name])
        cost = count_complexity(model, self.conditions.shape, self.conditions.forward)
        found = instances_found(model, self.conditions.shape) if cost.forward == 'predict' else None
        self._models[name] = model.to(self._device)
        return Measured(name, self._configs[name], cost, cost.forward, found)

    def _memory_request(self, row: Measured) -> MemoryRequest:
        c = self.conditions
        return MemoryRequest(row.config, c.shape, c.batches, c.train_batch, row.forward, c.threads, self.options)

    def _time(
        self, calls: Mapping[str, Callable[[], Any]], rounds: int, what: str, warm: bool = False
    ) -> dict[str, Timing]:
        """Time the calls in turn; on an accelerator, memory becomes what a call needs above all models' weights."""
        on_gpu = self._device.type == 'cuda'
        before = torch.cuda.memory_allocated(self._device) / 2**20 if on_gpu else 0.0
        progress = partial(self._with_progress, what=what)
        timings = time_in_turn(calls, rounds, self.conditions.warmup, self._device, progress, warm)
        for timing in timings.values():
            timing.peak_mib = None if timing.peak_mib is None else timing.peak_mib - before
        return timings

    def _time_inference(self, rows: list[Measured], batch: int) -> None:
        images = random_images(self.conditions.shape, batch, self._device)
        calls = {row.name: inference_call(self._models[row.name], images, row.forward) for row in rows}
        timings = self._time(calls, self._rounds(batch), f'latency, batch {batch}')
        for row in rows:
            row.latency[batch] = timings[row.name]
            self._keep_peak(row, str(batch), timings[row.name])

    def _rounds(self, batch: int) -> int:
        return self.conditions.rounds if batch == 1 else self.conditions.slow_rounds

    def _time_onnx(self, rows: list[Measured], batch: int) -> None:
        images = random_images(self.conditions.shape, batch)
        calls = {}
        left = [row for row in rows if row.onnx_failed is None]
        for row in self._with_progress(left, f'export to ONNX, batch {batch}'):
            try:
                calls[row.name], difference = self._onnx_call(row, images)
                row.onnx_difference = max(row.onnx_difference, difference)
            except NotInOnnxRuntimeError as error:
                row.onnx_failed = str(error)
        if calls:
            timings = self._time(calls, self._rounds(batch), f'ONNX Runtime, batch {batch}', warm=True)
            for row in rows:
                if row.name in timings:
                    row.onnx[batch] = timings[row.name]

    def _onnx_call(self, row: Measured, images: Tensor) -> tuple[Callable[[], Any], float]:
        if row.forward != 'tensor':
            raise NotInOnnxRuntimeError('timed with its post-processing (predict), which is not exported')
        return onnx_call(self._models[row.name], images, self.conditions.threads)

    def _time_training(self, rows: list[Measured], batch: int) -> None:
        images = random_images(self.conditions.shape, batch, self._device)
        calls = {row.name: training_step(self._models[row.name], self._cfgs[row.name], images) for row in rows}
        timings = self._time(calls, self.conditions.slow_rounds, f'training step, batch {batch}')
        for row in rows:
            row.training = timings[row.name]
            self._keep_peak(row, 'train', timings[row.name])

    def _keep_peak(self, row: Measured, key: str, timing: Timing) -> None:
        if self.conditions.memory and timing.peak_mib is not None:
            row.memory[key] = timing.peak_mib

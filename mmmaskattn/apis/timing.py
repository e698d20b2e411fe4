"""Time of whole pipelines, from an encoded picture to its result, stage by stage: exported files and eager PyTorch."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import torch
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint
from mmseg.registry import DATASETS

from mmmaskattn.analysis import read_config
from mmmaskattn.analysis.models import build_seeded_model
from mmmaskattn.analysis.timing.predict import RANDOM
from mmmaskattn.apis.inferencer import MaskAttnInferencer, Read
from mmmaskattn.utils.markdown import markdown_table
from mmmaskattn_runtime import find_pictures, load

STAGES = ('decode', 'prepare', 'network', 'result')
Stages = dict[str, float]


@dataclass
class Pipeline:
    """A model with what comes before and after it.

    Attributes:
        name: Its name in the table.
        engine: What runs it.
        threads: Threads of the processor.
        call: Takes the path of a picture; gives seconds by stage and the number of objects.
        times: Milliseconds by stage, one for each round.
        objects: Objects found in the picture.
    """

    name: str
    engine: str
    threads: int
    call: Callable[[str], tuple[Stages, int]]
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    objects: int = 0

    def run(self, picture: str) -> None:
        """Time one prediction.

        Args:
            picture: Path of the picture.
        """
        torch.set_num_threads(self.threads)
        stages, self.objects = self.call(picture)
        for stage, seconds in stages.items():
            self.times[stage].append(1e3 * seconds)

    def medians(self) -> dict[str, float]:
        """Milliseconds by stage, and of the whole as ``whole``."""
        found = {stage: median(values) for stage, values in self.times.items()}
        return {**found, 'whole': median(map(sum, zip(*self.times.values())))}


def make_pipeline(model: str, threads: int) -> Pipeline:
    """Load a model.

    Args:
        model: Exported file; name in the model index; or ``CONFIG=CHECKPOINT``, ``CONFIG=random`` for weights as they
            are drawn, which is enough for the time of a semantic model.
        threads: Threads of the processor.

    Raises:
        ValueError: If there is no such model.
    """
    name = Path(model.partition('=')[0]).name
    if model.endswith('.onnx'):
        return Pipeline(name, 'ONNX Runtime', threads, _exported_call(model, threads))
    config, _, weights = model.partition('=')
    if weights != RANDOM:
        inferencer = MaskAttnInferencer(config, weights or None, device='cpu')
    else:
        with tempfile.TemporaryDirectory() as folder:
            inferencer = MaskAttnInferencer(config, write_random(config, Path(folder) / 'random.pth'), device='cpu')
    return Pipeline(_config_name(config), 'PyTorch', threads, _eager_call(inferencer))


def write_random(config: str | Path, path: Path) -> Path:
    """Write a checkpoint with weights as they are drawn, the same each time.

    Args:
        config: Config file.
        path: File to write.
    """
    cfg = read_config(config)
    init_default_scope(cfg.default_scope)
    dataset = cfg.test_dataloader.dataset
    metainfo = DATASETS.get(dataset.type)._load_metainfo(dataset.get('metainfo'))
    save_checkpoint(dict(meta=dict(dataset_meta=metainfo), state_dict=build_seeded_model(cfg).state_dict()), str(path))
    return path


def time_pipelines(
    pipelines: Sequence[Pipeline], picture: str, rounds: int, progress: Callable[[Iterable[int]], Iterable[int]]
) -> None:
    """Time pipelines in turn; each timed prediction follows one of the same pipeline that is not.

    Args:
        pipelines: The pipelines; their times are added to.
        picture: Path of the picture.
        rounds: Timed rounds.
        progress: Wraps the rounds to say how far they are.
    """
    for _ in progress(range(rounds)):
        for one in pipelines:
            torch.set_num_threads(one.threads)
            one.call(picture)
            one.run(picture)


def pipeline_table(pipelines: Sequence[Pipeline]) -> str:
    """Lay out medians as a table in Markdown; ratios are to the first row with as many threads.

    Args:
        pipelines: Pipelines that were timed.
    """
    first: dict[int, float] = {}
    rows = []
    for one in pipelines:
        times = one.medians()
        base = first.setdefault(one.threads, times['whole'])
        stages = [f'{times[stage]:.1f}' if stage in times else '' for stage in STAGES]
        whole = [f'{times["whole"]:.1f}', f'{times["whole"] / base:.2f}']
        rows.append([one.name, one.engine, str(one.threads), *stages, *whole, str(one.objects)])
    stages = [f'{stage}, ms' for stage in STAGES]
    return markdown_table(['model', 'by', 'threads', *stages, 'whole, ms', 'ratio', 'objects'], rows)


def _exported_call(file: str, threads: int) -> Callable[[str], tuple[Stages, int]]:
    model = load(file, threads=threads)

    def call(picture: str) -> tuple[Stages, int]:
        start = time.perf_counter()
        pixels = _read(picture)
        decoded = time.perf_counter()
        fields = model.fields(pixels)
        rest = time.perf_counter() - decoded - model.network_seconds
        stages = dict(decode=decoded - start, network=model.network_seconds, result=rest)
        return stages, len(fields.get('instances') or ())

    return call


def _eager_call(inferencer: MaskAttnInferencer) -> Callable[[str], tuple[Stages, int]]:
    def call(picture: str) -> tuple[Stages, int]:
        marks = [time.perf_counter()]
        one = Read(picture, _read(picture))
        marks.append(time.perf_counter())
        data = inferencer.collate_fn([inferencer.pipeline(one)])
        marks.append(time.perf_counter())
        found = inferencer.network(data)
        marks.append(time.perf_counter())
        (fields,) = inferencer.fields(found, data)
        marks.append(time.perf_counter())
        seconds = (after - before for before, after in zip(marks, marks[1:]))
        return dict(zip(STAGES, seconds)), len(fields.get('instances') or ())

    return call


def _read(picture: str) -> Any:
    if len(sources := list(islice(find_pictures(picture), 2))) > 1:
        raise ValueError(f'{picture}: holds several pictures; expected one, whose prediction is timed')
    return sources[0].read()


def _config_name(config: str) -> str:
    path = Path(config)
    return f'{path.parent.name}/{path.stem}' if path.suffix == '.py' else config

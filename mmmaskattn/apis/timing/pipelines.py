"""Time of whole pipelines, from an encoded picture to its result, stage by stage: exported files in several runtimes
and in the browser, ONNX files of other projects, and eager PyTorch."""

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
from mmmaskattn.apis.timing.browser import time_in_browser
from mmmaskattn.apis.timing.foreign import NOTE, ForeignNetwork, is_foreign
from mmmaskattn.utils.markdown import markdown_table
from mmmaskattn_runtime import ExportedModel, find_pictures, load

STAGES = ('decode', 'prepare', 'network', 'result')
Stages = dict[str, float]
Call = Callable[[str], tuple[Stages, 'int | str']]
Clock = Callable[[], float]
RUNTIMES = {'onnxruntime': 'ONNX Runtime', 'openvino': 'OpenVINO'}
"""What runs exported files, and its name in the table."""
BROWSER = 'browser'


@dataclass
class Pipeline:
    """A model with what comes before and after it.

    Attributes:
        name: Its name in the table.
        engine: What runs it.
        threads: Threads of the processor.
        call: Takes the path of a picture; gives seconds by stage, and what is found.
        times: Milliseconds by stage, one for each round.
        found: Number of objects found in the picture, or why there are none.
    """

    name: str
    engine: str
    threads: int
    call: Call
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    found: int | str = 0

    def run(self, picture: str) -> None:
        """Time one prediction.

        Args:
            picture: Path of the picture.
        """
        torch.set_num_threads(self.threads)
        stages, self.found = self.call(picture)
        for stage, seconds in stages.items():
            self.times[stage].append(1e3 * seconds)

    def medians(self) -> dict[str, float]:
        """Milliseconds by stage, and of the whole as ``whole``."""
        found = {stage: median(values) for stage, values in self.times.items()}
        return {**found, 'whole': median(map(sum, zip(*self.times.values())))}


def make_pipeline(model: str, threads: int, runtime: str = 'onnxruntime', clock: Clock = time.perf_counter) -> Pipeline:
    """Load a model.

    Args:
        model: Exported file; ONNX file of another project, whose network alone is timed; name in the model index; or
            ``CONFIG=CHECKPOINT``, ``CONFIG=random`` for weights as they are drawn, which is enough for the time of a
            semantic model.
        threads: Threads of the processor.
        runtime: What runs files, one of `RUNTIMES`.
        clock: Seconds; those of the processor, where other programs run beside.

    Raises:
        ModuleNotFoundError: If the runtime is not installed.
        ValueError: If there is no such model.
    """
    name = Path(model.partition('=')[0]).name
    if model.endswith('.onnx'):
        return Pipeline(name, RUNTIMES[runtime], threads, _file_call(model, threads, runtime, clock))
    config, _, weights = model.partition('=')
    if weights != RANDOM:
        inferencer = MaskAttnInferencer(config, weights or None, device='cpu')
    else:
        with tempfile.TemporaryDirectory() as folder:
            inferencer = MaskAttnInferencer(config, write_random(config, Path(folder) / 'random.pth'), device='cpu')
    return Pipeline(_config_name(config), 'PyTorch', threads, _eager_call(inferencer, clock))


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
    """Lay out medians as a table in Markdown; ratios are to the first row with as many threads, and to the first by
    the same engine of those.

    Args:
        pipelines: Pipelines that were timed.
    """
    first: dict[Any, float] = {}
    rows = []
    for one in pipelines:
        times = one.medians()
        whole = times['whole']
        bases = [first.setdefault(key, whole) for key in (one.threads, (one.threads, one.engine))]
        stages = [f'{times[stage]:.1f}' if stage in times else '' for stage in STAGES]
        ratios = [f'{whole / base:.2f}' for base in bases]
        rows.append([one.name, one.engine, str(one.threads), *stages, f'{whole:.1f}', *ratios, str(one.found)])
    stages = [f'{stage}, ms' for stage in STAGES]
    return markdown_table(
        ['model', 'by', 'threads', *stages, 'whole, ms', 'ratio', 'to the first by the same', 'objects'], rows
    )


def browser_pipelines(models: Sequence[str], page: str | Path, picture: str, rounds: int) -> list[Pipeline]:
    """Time exported files in the browser, one thread, in turn.

    Args:
        models: What `make_pipeline` takes; whatever is no exported file is left out.
        page: The built page.
        picture: Path of the picture.
        rounds: Timed predictions of each.

    Returns:
        Pipelines that were timed.

    Raises:
        FileNotFoundError: If the page, Chromium or Node is missing.
    """
    files = [model for model in models if model.endswith('.onnx') and not is_foreign(model)]
    found = []
    for file, one in zip(files, time_in_browser(files, page, picture, rounds)):
        times = {stage: one[stage] for stage in STAGES if stage in one}
        found.append(Pipeline(Path(file).name, BROWSER, 1, _never, defaultdict(list, times), one['objects']))
    return found


def _never(picture: str) -> tuple[Stages, int | str]:
    raise NotImplementedError(f'{picture}: the browser takes its own turns')


def _file_call(file: str, threads: int, runtime: str, clock: Clock) -> Call:
    from mmmaskattn.apis.deploy.openvino_model import OpenVINOModel, OpenVINOSession  # of the extra `deploy`

    if is_foreign(file):
        return _foreign_call(file, threads, OpenVINOSession if runtime == 'openvino' else None, clock)
    if runtime == 'openvino':
        return _exported_call(OpenVINOModel(file, threads=threads), clock)
    return _exported_call(load(file, threads=threads), clock)


def _foreign_call(file: str, threads: int, open_session: Any, clock: Clock) -> Call:
    network = ForeignNetwork(file, threads, open_session)

    def call(picture: str) -> tuple[Stages, int | str]:
        """One prediction."""
        marks = [clock()]
        pixels = _read(picture)
        marks.append(clock())
        images = network.prepare(pixels)
        marks.append(clock())
        network.run(images)
        marks.append(clock())
        return dict(zip(STAGES, (after - before for before, after in zip(marks, marks[1:])))), NOTE

    return call


def _exported_call(model: ExportedModel, clock: Clock) -> Call:
    model.clock = clock

    def call(picture: str) -> tuple[Stages, int | str]:
        """One prediction."""
        start = clock()
        pixels = _read(picture)
        decoded = clock()
        fields = model.fields(pixels)
        rest = clock() - decoded - model.network_seconds
        stages = dict(decode=decoded - start, network=model.network_seconds, result=rest)
        return stages, len(fields.get('instances') or ())

    return call


def _eager_call(inferencer: MaskAttnInferencer, clock: Clock) -> Call:
    def call(picture: str) -> tuple[Stages, int | str]:
        """One prediction."""
        marks = [clock()]
        one = Read(picture, _read(picture))
        marks.append(clock())
        data = inferencer.collate_fn([inferencer.pipeline(one)])
        marks.append(clock())
        found = inferencer.network(data)
        marks.append(clock())
        (fields,) = inferencer.fields(found, data)
        marks.append(clock())
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

"""Pictures of any size in, results of their own size out, for all three tasks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from mmengine.structures import BaseDataElement
from mmseg.models.segmentors import BaseSegmentor
from mmseg.structures import SegDataSample
from PIL import Image
from torch import Tensor

from mmmaskattn.apis.loading import ReadyModel, prepare_model
from mmmaskattn.apis.results import result_of, segments_result, semantic_map
from mmmaskattn.datasets.transforms.low_res_resize import resize_image, scale_factor
from mmmaskattn.utils.progress import show_progress as with_progress
from mmmaskattn_runtime import ExportedModel, PictureError, Result, Skipped, Source, Writer, draw, find_pictures, load
from mmmaskattn_runtime.drawing import Style
from mmmaskattn_runtime.pictures import Picture
from mmmaskattn_runtime.saving import check_formats

DEFAULT_SCORE = 0.3
LARGE_BATCH = 3 * 2**24
"""Values of the pictures of a batch after which it is full: 50 MB."""


class Read(NamedTuple):
    """A picture that was read.

    Attributes:
        name: Its name.
        picture: RGB, uint8, (H, W, 3).
    """

    name: str
    picture: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.picture.shape[0], self.picture.shape[1]


class MaskAttnInferencer(BaseInferencer):
    """Predict for pictures: one class for the semantic, the instance and the panoptic task.

    ::

        path, folder, pattern, list, array, PIL image, video, camera
            --> RGB at its own size --> network's size --> model --> Result at the picture's own size

    Pictures are read as they are needed and forgotten at once, so memory does not grow with their number.

    Args:
        model: Name in the model index, such as ``'tiny_dsb2018_panoptic'``, config file, config, or exported file
            (``.onnx``), which `mmmaskattn_runtime` then runs, without weights, device or task.
        weights: Checkpoint, where it is not the one that the index names.
        device: Such as ``'cuda'``; the fastest there is by default.
        task: ``'semantic'``, ``'instance'`` or ``'panoptic'``; the config's by default.
        score_thr: Least score of an instance, also of one in a panoptic map; by default that of the config's pictures,
            or 0.3, and for the panoptic map that of the model's ``test_cfg``. The panoptic map of an exported file was
            fused with the model's own, whatever is given here.
        show_progress: Whether to show a line of progress.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the name is unknown, or the config or the exported file cannot be used.
    """

    preprocess_kwargs: set[str] = set()
    forward_kwargs: set[str] = set()
    visualize_kwargs = {'style'}
    postprocess_kwargs: set[str] = set()

    def __init__(
        self,
        model: str | Path | Config,
        weights: str | Path | None = None,
        device: str | None = None,
        task: str | None = None,
        score_thr: float | None = None,
        show_progress: bool = False,
    ) -> None:
        # BaseInferencer's own __init__ reads metafiles of mim, and pipelines that load files and truth.
        if score_thr is not None and not 0 <= score_thr <= 1:
            raise ValueError(f'score_thr: found {score_thr}, expected 0 to 1')
        self.exported: ExportedModel | None = None
        if isinstance(model, (str, Path)) and str(model).endswith('.onnx'):
            self._open_exported(model, score_thr, weights=weights, device=device, task=task)
        else:
            self._prepare(model, weights, device, task, score_thr)
        self.show_progress = show_progress
        self.skipped: list[Skipped] = []
        self.finished = 0

    def _prepare(self, model: Any, weights: Any, device: Any, task: Any, score_thr: float | None) -> None:
        """Build the model, and what makes its input."""
        self.ready: ReadyModel = prepare_model(model, weights, device, task, score_thr)
        self.model, self.cfg = self.ready.module, self.ready.cfg
        self.classes, self.task, self.size = self.ready.classes, self.ready.task, self.ready.size
        hook = (self.cfg.get('default_hooks') or {}).get('visualization') or {}
        self.score_thr = hook.get('score_thr', DEFAULT_SCORE) if score_thr is None else score_thr
        self.pipeline = self._init_pipeline(self.cfg)
        self.collate_fn = self._init_collate(self.cfg)

    def _open_exported(self, model: str | Path, score_thr: float | None, **options: Any) -> None:
        """Open an exported file, which has its weights and task in it."""
        for name, value in options.items():
            if value is not None:
                raise ValueError(f'{name}: found {value!r}, but {model} is an exported file, which takes no {name}')
        self.exported = load(model, score=score_thr)
        self.classes, self.task, self.size = self.exported.classes, self.exported.task, self.exported.size
        self.score_thr = self.exported.score

    def __call__(
        self,
        inputs: Picture | Iterable[Any] | int,
        return_datasamples: bool = False,
        batch_size: int = 8,
        out_dir: str | Path | None = None,
        formats: Sequence[str] | None = None,
        style: Style = 'overlay',
    ) -> Any:
        """Predict, and save if told where.

        Args:
            inputs: Path of a picture, folder, pattern (``'shots/*.png'``), video, number of a camera, array (HWC, BGR),
                PIL image, or a list of these.
            return_datasamples: Return mmseg's or mmdet's data samples.
            batch_size: Pictures at a time.
            out_dir: Folder to write to, absent or empty. Then each result is forgotten when it is written.
            formats: What to write, see :data:`mmmaskattn_runtime.FORMATS`; all that the results have by default.
            style: How pictures are drawn.

        Returns:
            With ``out_dir`` the files and folders written; else a `Result` for a single picture, a list for others.
            What could not be read is left out and listed in ``skipped``.

        Raises:
            PictureError: If a single picture cannot be read, or nothing is there.
        """
        if out_dir is not None:
            return self._write(inputs, batch_size, Writer(out_dir, self.classes, _fitting(formats, self.task), style))
        stream = self._samples(inputs, batch_size) if return_datasamples else self.results(inputs, batch_size)
        found = [result for result, _ in stream]
        if not is_single(inputs):
            return found
        if not found:
            raise PictureError(self.skipped[0].reason)
        return found[0]

    def _write(self, inputs: Any, batch_size: int, writer: Writer) -> list[Path]:
        """Write results as they come; the tables also if something ends the run, of what there was until then."""
        try:
            for result, picture in self.results(inputs, batch_size):
                writer.add(result, picture)
        finally:
            written = writer.close()
        return written

    def stream(self, inputs: Picture | Iterable[Any] | int, batch_size: int = 8) -> Iterator[Result]:
        """Predict one batch after another, for folders, videos and cameras of any length.

        Args:
            inputs: As in calling.
            batch_size: Pictures at a time; 1 for a camera gives each result at once.

        Yields:
            Results, in the order of the pictures.
        """
        for result, _ in self.results(inputs, batch_size):
            yield result

    def results(self, inputs: Any, batch_size: int = 8) -> Iterator[tuple[Result, np.ndarray]]:
        """Predict as `stream` does, and hand over the pictures too.

        Args:
            inputs: As in calling.
            batch_size: Pictures at a time.

        Yields:
            Results and their pictures, RGB, uint8, (H, W, 3).
        """
        for batch in self._batches(inputs, batch_size):
            for one, fields in zip(batch, self._predict(batch)):
                yield result_of(fields, self.classes, one.size, one.name), one.picture

    def _predict(self, batch: list[Read]) -> Iterator[dict[str, Any]]:
        """Fields of the results of a batch."""
        if self.exported is not None:
            return map(self.exported.fields, (one.picture for one in batch))
        return self._fields(self.collate_fn([self.pipeline(one) for one in batch]))

    def _samples(self, inputs: Any, batch_size: int) -> Iterator[tuple[BaseDataElement, np.ndarray]]:
        """Data samples with their pictures."""
        if self.exported is not None:
            raise ValueError(f'return_datasamples: {self.exported.file} is an exported file and gives results alone')
        for batch in self._batches(inputs, batch_size):
            data = self.collate_fn([self.pipeline(one) for one in batch])
            yield from zip(map(with_masks, self.forward(data)), (one.picture for one in batch))

    def _batches(self, inputs: Any, batch_size: int) -> Iterator[list[Read]]:
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f'batch_size: found {batch_size!r}, expected a whole number, 1 or more')
        self.skipped, self.finished = [], 0
        sources: Iterable[Source] = find_pictures(inputs)
        read = self._read(self._counted(sources, inputs))
        batch: list[Read] = []
        for one in itertools.chain(read, [None]):
            if one is not None:
                batch.append(one)
            full = len(batch) == batch_size or sum(each.picture.size for each in batch) > LARGE_BATCH
            if batch and (one is None or full):
                yield batch
                self.finished += len(batch)
                batch = []

    def _counted(self, sources: Iterable[Source], inputs: Any) -> Iterator[Source]:
        """The same pictures, with a line of progress; paths alone are listed beforehand, so that an end is known."""
        if not self.show_progress:
            yield from sources
            return
        listed = list(sources) if isinstance(inputs, (str, Path)) and Path(inputs).is_dir() else None
        yield from with_progress(listed or sources, len(listed) if listed else None, 'pictures')

    def _read(self, sources: Iterator[Source]) -> Iterator[Read]:
        """Pictures that can be read; the others are noted."""
        for source in sources:
            try:
                yield Read(source.name, source.read())
            except PictureError as error:
                self.skipped.append(Skipped(source.name, str(error)))

    def _init_pipeline(self, cfg: Any) -> Any:
        """What makes the model's input of a picture: the resizing of the config's test pipeline."""
        sample_class = SegDataSample if isinstance(self.model, BaseSegmentor) else DetDataSample

        def pipeline(one: Read) -> dict[str, Any]:
            """Bring a picture to the network's size, as BGR."""
            small = np.ascontiguousarray(resize_image(one.picture, self.size)[..., ::-1])
            sample = sample_class(
                metainfo=dict(
                    img_path=one.name,
                    img_id=0,
                    ori_shape=one.size,
                    img_shape=self.size,
                    pad_shape=self.size,
                    batch_input_shape=self.size,
                    scale_factor=scale_factor(one.size, self.size),
                )
            )
            return dict(inputs=torch.from_numpy(small.transpose(2, 0, 1).copy()), data_samples=sample)

        return pipeline

    def _fields(self, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Fields of the results of a batch, by torch."""
        return self.fields(self.network(data), data)

    @torch.no_grad()
    def network(self, data: dict[str, Any]) -> Any:
        """What torch computes for a batch: the network, and the grouping of a model that finds objects.

        Args:
            data: Batch as the loader gives it.

        Returns:
            Logits of a semantic model, data samples of others.
        """
        return self._logits(data) if isinstance(self.model, BaseSegmentor) else self.forward(data)

    def fields(self, found: Any, data: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Make maps of the pictures' own sizes, and objects, of what the network has found.

        Args:
            found: What `network` gives.
            data: The same batch.

        Yields:
            Fields of a `Result` each.
        """
        if not isinstance(self.model, BaseSegmentor):
            for sample in found:
                yield segments_result(sample, self.classes, self.task, self.score_thr)
            return
        threshold = self.model.decode_head.threshold if found.shape[1] == 1 else None
        for one, sample in zip(found, data['data_samples']):
            yield dict(labels=semantic_map(one, sample.ori_shape, threshold))

    def _logits(self, data: dict[str, Any]) -> Tensor:
        """mmseg's logits at the network's size."""
        model: Any = self.model
        ready = model.data_preprocessor(data, False)
        return model.inference(ready['inputs'], [one.metainfo for one in ready['data_samples']])

    def visualize(self, inputs: Any, preds: Sequence[Result], style: Style = 'overlay', **_: Any) -> list[np.ndarray]:
        """Draw results.

        Args:
            inputs: Their pictures: RGB, uint8, (H, W, 3).
            preds: The results.
            style: See :func:`mmmaskattn_runtime.draw`.

        Returns:
            RGB pictures.
        """
        return [draw(picture, result, style) for picture, result in zip(inputs, preds)]

    def postprocess(self, preds: Sequence[Result], *_: Any, **__: Any) -> list[dict[str, Any]]:
        """Results as plain dictionaries."""
        return [result.to_dict() for result in preds]


def with_masks(sample: BaseDataElement) -> BaseDataElement:
    """Give a sample whose instances are one map their masks, as mmdet's samples have them; others stay as they are."""
    found = sample.get('pred_instances')
    if found is not None and 'groups' in found:
        found.masks = sample.pred_instance_map.data == found.groups[:, None, None]
    return sample


def is_single(inputs: Any) -> bool:
    """Tell whether one picture was given: an array, a PIL image, or the path of a file that is no video."""
    if isinstance(inputs, (np.ndarray, Image.Image)):
        return True
    if not isinstance(inputs, (str, Path)):
        return False
    sources = find_pictures(inputs)
    first, second = next(sources, None), next(sources, None)
    return first is not None and second is None and first.name == str(inputs)


def _fitting(formats: Sequence[str] | str | None, task: str) -> list[str] | None:
    """Formats as a list; refused if the task gives none of them."""
    if formats is None:
        return None
    wanted = [formats] if isinstance(formats, str) else list(formats)
    check_formats(wanted, task)
    return wanted

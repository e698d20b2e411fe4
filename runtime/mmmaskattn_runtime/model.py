"""Exported models: a file and a picture in, a result of the picture's own size out; no torch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mmmaskattn_runtime.maps import Objects, instance_fields, panoptic_fields, semantic_fields
from mmmaskattn_runtime.model_file import ModelFileError, read_info
from mmmaskattn_runtime.outputs import ATTENTION, OUTPUTS, SCORE, check_ends, checked_attention, checked_outputs
from mmmaskattn_runtime.pictures import Picture, PictureError, Skipped, find_pictures, read_picture
from mmmaskattn_runtime.resizing import shrink
from mmmaskattn_runtime.result import Result

VALUES = 2**26
"""Values, pixels times objects or classes, up to which maps are made at the picture's own size: 256 MB as float32."""
LEAST_DEPTH = 4
"""Objects or classes that are counted at least: labels, owners and their sums take as much."""
LARGE_PICTURE = 2**22
"""Pixels from which on a picture is made small here, row by row, and not in the network, which copies it as float32."""
MOST_THREADS = 1024
"""More are a slip of the keyboard, and hold up the machine."""
UNNEEDED = (
    'AttentionFusion',
    'BiasDropoutFusion',
    'BiasSoftmaxFusion',
    'CommonSubexpressionElimination',
    'ConstantFolding',
    'DivMulFusion',
    'EmbedLayerNormFusion',
    'GatherToSliceFusion',
    'GatherToSplitFusion',
    'GroupQueryAttentionFusion',
    'MatMulNBitsFusion',
    'MatMulScaleFusion',
    'MatmulTransposeFusion',
    'PropagateCastOps',
    'ReshapeFusion',
    'TransposeOptimizer',
)
"""Searches of onnxruntime that make no exported model quicker: the export has done the like, or they are for language
models. Without them a file is loaded sooner."""
_LONGEST_REASON = 150


class ExportedModel:
    """A file that ``mmmaskattn export`` has written, ready to predict.

    Args:
        file: The file.
        score: Least score of an instance, also of one in a panoptic map; the file's by default.
        maps: ``'picture'``: pixels are given to classes and objects at the picture's own size, so outlines are smooth;
            ``'network'``: at the network's size, then enlarged, which is quicker.
        threads: Of the processor; 0 for as many as there are cores.
        values: See `VALUES`; of larger maps the size is divided by a whole number, and the maps are enlarged.

    ``network_seconds`` is what onnxruntime took for the last picture, by ``clock``.

    Raises:
        ModelFileError: If the file is no exported model.
        ValueError: If an option is not what it must be.
    """

    def __init__(
        self,
        file: str | Path,
        score: float | None = None,
        maps: Literal['picture', 'network'] = 'picture',
        threads: int = 0,
        values: int = VALUES,
    ) -> None:
        if maps not in ('picture', 'network'):
            raise ValueError(f'maps: found {maps!r}, expected picture or network')
        if score is not None and not 0 <= score <= 1:
            raise ValueError(f'score: found {score}, expected 0 to 1')
        check_threads(threads)
        if values < 1:
            raise ValueError(f'values: found {values}, expected 1 or more')
        self.file, self.info = str(file), read_info(file)
        self.classes, self.task, self.size = self.info.classes, self.info.task, self.info.size
        self.score = self.info.score if score is None else score
        self._given: dict[str, np.ndarray] = {} if score is None else {SCORE: np.array(score, np.float32)}
        self.maps, self.values = maps, values
        self.skipped: list[Skipped] = []
        self.clock: Callable[[], float] = time.perf_counter
        self.network_seconds = 0.0
        self._session: Any = self.open_session(threads)

    def __call__(self, picture: Picture) -> Result:
        """Predict for one picture.

        Args:
            picture: Path; array, (H, W), or (H, W, 3) as BGR, the order of OpenCV; or PIL image.

        Raises:
            PictureError: If it cannot be read.
            ModelFileError: If the file cannot be run, or gives what an exported model does not.
        """
        name = picture if isinstance(picture, (str, Path)) else getattr(picture, 'filename', '')
        return self.result(read_picture(picture), str(name or 'picture'))

    def results(self, inputs: Any) -> Iterator[tuple[Result, np.ndarray]]:
        """Predict one picture after another; what cannot be read is left out and listed in ``skipped``.

        Args:
            inputs: Path of a picture, folder, pattern, video, number of a camera, array, PIL image, or a list of these.

        Yields:
            Results and their pictures, RGB, uint8, (H, W, 3).
        """
        self.skipped = []
        for source in find_pictures(inputs):
            try:
                picture = source.read()
            except PictureError as error:
                self.skipped.append(Skipped(source.name, str(error)))
            else:
                yield self.result(picture, source.name), picture

    def fields(self, picture: np.ndarray) -> dict[str, Any]:
        """Predict for a picture that was read, for those who make results of their own.

        Args:
            picture: RGB, uint8, (H, W, 3).

        Returns:
            The fields of its `Result` that hold what was found.
        """
        size = (picture.shape[0], picture.shape[1])
        found = self._maps(self.batch(picture), size)
        if self.task == 'semantic':
            return semantic_fields(found['labels'], self.classes, size)
        objects = Objects(found['owners'], found['classes'], found['scores'], found['class_scores'])
        fields = instance_fields(objects, self.classes, size, self.score, self.info.most)
        if self.task == 'panoptic':
            fields.update(panoptic_fields(found['labels'], objects, self.classes, size))
        return fields

    def outputs(self, picture: np.ndarray, size: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
        """What the file gives for a picture, before a result is made of it.

        Args:
            picture: RGB, uint8, (H, W, 3).
            size: (h, w) of the maps; the picture's own by default.

        Returns:
            Arrays by name: ``labels`` and ``owners`` (h, w), ``classes`` and ``scores`` (K,), ``class_scores`` (K, T),
            ``attention`` (maps, h, w).
        """
        size, batch = size or (picture.shape[0], picture.shape[1]), self.batch(picture)
        found = self._run(batch, size)
        if self.info.attention:
            (maps,) = self._values([ATTENTION], batch, size)
            found[ATTENTION] = checked_attention(self.file, self.info, maps)
        return found

    def result(self, picture: np.ndarray, name: str = 'picture') -> Result:
        """Predict for a picture that was read.

        Args:
            picture: RGB, uint8, (H, W, 3), as `read_picture` gives it.
            name: Of the picture.
        """
        size = (picture.shape[0], picture.shape[1])
        return Result(classes=self.classes, size=size, name=name, **self.fields(picture))

    def attention(self, picture: Picture) -> dict[str, np.ndarray]:
        """What the masks of the attention keep of each position, of a file that ``export --attention`` has written.

        Args:
            picture: As for a prediction.

        Returns:
            float32 (h, w), 0 to 1, by where in the network it is, such as ``'1: encoder 8x8'``; cells of coarse maps
            are repeated. Empty where the file does not tell.

        Raises:
            PictureError: If the picture cannot be read.
            ModelFileError: If the file cannot be run, or gives what an exported model does not.
        """
        if not self.info.attention:
            return {}
        (found,) = self._values([ATTENTION], self.batch(read_picture(picture)), self.size)
        return dict(zip(self.info.attention, checked_attention(self.file, self.info, found)))

    def batch(self, picture: np.ndarray) -> np.ndarray:
        """A picture, RGB, uint8, (H, W, 3), as the file takes it; a large one is made small first."""
        is_large = picture.shape[0] * picture.shape[1] > LARGE_PICTURE
        small = shrink(picture, self.size) if is_large else picture
        return np.ascontiguousarray(small[None] if self.info.layout == 'nhwc' else small.transpose(2, 0, 1)[None])

    def _maps(self, batch: np.ndarray, size: tuple[int, int]) -> dict[str, np.ndarray]:
        """What the network gives, at the picture's size or that divided by a whole number."""
        if self.maps == 'network':
            return self._run(batch, self.size)
        depth = max(len(self.classes.names), LEAST_DEPTH)
        if self.task != 'semantic' and size[0] * size[1] * max(depth, self.info.most) > self.values:
            depth = max(depth, len(self._run(batch, self.size)['scores']))  # how many objects there are
        parts = max(1, math.ceil(math.sqrt(size[0] * size[1] * depth / self.values)))
        return self._run(batch, (-(-size[0] // parts), -(-size[1] // parts)))

    def _run(self, batch: np.ndarray, size: tuple[int, int]) -> dict[str, np.ndarray]:
        start = self.clock()
        found = self._values(OUTPUTS[self.task], batch, size)
        self.network_seconds = self.clock() - start
        return checked_outputs(self.file, self.info, dict(zip(OUTPUTS[self.task], found)), size)

    def _values(self, names: Sequence[str], batch: np.ndarray, size: tuple[int, int]) -> Sequence[Any]:
        feeds = {'pictures': batch, 'output_size': np.array(size, np.int64), **self._given}
        try:
            return self._session.run(list(names), feeds)
        except Exception as error:  # onnxruntime has a dozen kinds, without a base of their own
            raise ModelFileError(f'{self.file}: running it fails: {_reason(error)}; export it again') from None

    def open_session(self, threads: int) -> Any:
        """Load the network; a subclass for another runtime gives something else that has onnxruntime's ``run``.

        Args:
            threads: Of the processor; 0 for as many as there are cores.

        Raises:
            ModelFileError: If the runtime refuses it.
        """
        import onnxruntime  # it takes 0.1 s, which drawing and counting need not wait for

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # what goes wrong is said in one line here
        options.intra_op_num_threads = threads
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False  # as quick, and half the memory
        try:
            session = onnxruntime.InferenceSession(
                self.file, options, providers=['CPUExecutionProvider'], disabled_optimizers=UNNEEDED
            )
        except Exception as error:  # onnxruntime has a dozen kinds, without a base of their own
            raise ModelFileError(f'{self.file}: onnxruntime refuses it: {_reason(error)}; export it again') from None
        check_ends(self.file, self.info, session.get_inputs(), session.get_outputs())
        if SCORE not in {one.name for one in session.get_overridable_initializers()}:
            self._given = {}
        return session


def load(file: str | Path, **options: Any) -> ExportedModel:
    """Load an exported file; ``load(file)(picture)`` gives a `Result`.

    Args:
        file: The file.
        **options: Those of `ExportedModel`.

    Raises:
        ModelFileError: If the file is no exported model.
    """
    return ExportedModel(file, **options)


def check_threads(threads: int) -> None:
    """Refuse a number of threads that cannot be.

    Args:
        threads: The number; 0 for as many as there are cores.

    Raises:
        ValueError: If it is negative, or more than `MOST_THREADS`.
    """
    if not 0 <= threads <= MOST_THREADS:
        raise ValueError(f'threads: found {threads}, expected 0 (one a core) to {MOST_THREADS}')


def _reason(error: Exception) -> str:
    return ' '.join(str(error).split())[:_LONGEST_REASON] or type(error).__name__

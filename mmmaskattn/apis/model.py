"""A model in three lines: ``load_model``, then ``predict``, ``train`` and ``export``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmengine.config import Config

from mmmaskattn.analysis.timing.onnx_runtime import check_onnx_installed
from mmmaskattn.apis.inferencer import MaskAttnInferencer, Skipped
from mmmaskattn.engine.training import train
from mmmaskattn_console.model_index import find_model
from mmmaskattn_runtime import Classes, Result
from mmmaskattn_runtime.drawing import Style

if TYPE_CHECKING:
    from mmmaskattn.apis.deploy.export import Exported


class Model:
    """A model of the index, or of a config, to predict with or to train.

    ::

        model = load_model('tiny_dsb2018_panoptic')
        result = model.predict('cells.png')
        print(result.counts())

    Args:
        model: Name in the model index, config file, or config.
        weights: Checkpoint; that of the index by default. It is read when it is first needed.
        device: Such as ``'cuda'``; the fastest there is by default.
        task: ``'semantic'``, ``'instance'`` or ``'panoptic'``; the config's by default.
        score: Least score of an instance, 0 to 1, also of one in a panoptic map; the model's own by default.
    """

    def __init__(
        self,
        model: str | Path | Config,
        weights: str | Path | None = None,
        device: str | None = None,
        task: str | None = None,
        score: float | None = None,
    ) -> None:
        self.model, self.weights, self.device, self.task, self.score = model, weights, device, task, score
        self._inferencer: MaskAttnInferencer | None = None

    @property
    def inferencer(self) -> MaskAttnInferencer:
        """What predicts; built when it is first asked for."""
        if self._inferencer is None:
            self._inferencer = MaskAttnInferencer(self.model, self.weights, self.device, self.task, self.score)
        return self._inferencer

    @property
    def classes(self) -> Classes:
        """What the model tells apart."""
        return self.inferencer.classes

    @property
    def skipped(self) -> list[Skipped]:
        """Pictures of the last call that could not be read, and why."""
        return self.inferencer.skipped

    def predict(
        self,
        inputs: Any,
        batch_size: int = 8,
        out_dir: str | Path | None = None,
        formats: Sequence[str] | None = None,
        style: Style = 'overlay',
    ) -> Result | list[Result] | list[Path]:
        """Predict; see `MaskAttnInferencer`.

        Args:
            inputs: Path, folder, pattern, video, camera number, array (HWC, BGR), PIL image, or a list of these.
            batch_size: Pictures at a time.
            out_dir: Folder to write to.
            formats: What to write.
            style: How pictures are drawn.

        Returns:
            A `Result` for one picture, a list for several, the files written if ``out_dir`` is given.
        """
        return self.inferencer(inputs, batch_size=batch_size, out_dir=out_dir, formats=formats, style=style)

    def stream(self, inputs: Iterable[Any] | Any, batch_size: int = 1) -> Iterator[Result]:
        """Predict picture after picture, for videos and cameras."""
        return self.inferencer.stream(inputs, batch_size)

    def train(self, work_dir: str | Path, *options: str, **settings: Any) -> Path:
        """Train the config, on the data that it names; the model then predicts with the best checkpoint.

        Args:
            work_dir: Folder for logs and checkpoints.
            *options: Options of ``tools/train.py``, such as ``'--amp'``.
            **settings: Settings of the config with ``__`` for the dots: ``train_cfg__max_epochs=20``.

        Returns:
            The checkpoint.
        """
        words = [str(config_file(self.model)), '--work-dir', str(work_dir), *options]
        if settings:
            words += ['--cfg-options', *(f'{key.replace("__", ".")}={value}' for key, value in settings.items())]
        train(words)
        self.weights, self._inferencer = best_checkpoint(Path(work_dir)), None
        return self.weights

    def export(self, out: str | Path, **options: Any) -> Exported:
        """Write the model as one file, which runs elsewhere; see `mmmaskattn.apis.deploy.export_model`.

        Args:
            out: ``*.onnx``, which runs without torch; ``*.pt2`` or ``*.ncnn.param``.
            **options: ``pictures``, ``layout``, ``dynamic``, ``quantize``, ``attention``.

        Returns:
            What was written, and how far it is from PyTorch.

        Raises:
            ModuleNotFoundError: If a package of the extra ``deploy``, or of ``ncnn``, is missing.
            ValueError: If the model is an exported file already.
        """
        if str(self.model).endswith('.onnx'):
            raise ValueError(
                f'{self.model}: is an exported file already; expected the name of a model, or a config, to export'
            )
        check_onnx_installed()
        from mmmaskattn.apis.deploy.export import export_model  # of the extra `deploy`

        return export_model(MaskAttnInferencer(self.model, self.weights, 'cpu', self.task), out, **options)


def config_file(model: str | Path | Config) -> Path:
    """Find the config file of a model.

    Raises:
        ValueError: If it is a config of no file, or a file for another runtime.
        LookupError: If there is no model of that name.
    """
    if str(model).endswith(('.pt2', '.ncnn.param')):
        raise ValueError(
            f'{model}: was exported for another runtime (docs/how-to/export.md); expected *.onnx or a config'
        )
    if isinstance(model, Config):
        if not model.filename:
            raise ValueError('this config was read from no file; write it with Config.dump, and name the file')
        return Path(model.filename)
    return Path(model) if str(model).endswith('.py') or Path(model).is_file() else find_model(str(model)).config


def best_checkpoint(work_dir: Path) -> Path:
    """Find the best checkpoint of a training, or else the last one.

    Raises:
        FileNotFoundError: If there is none.
    """
    best = sorted(work_dir.glob('best_*.pth'), key=lambda path: path.stat().st_mtime)
    pointer = work_dir / 'last_checkpoint'
    if best:
        return best[-1]
    if pointer.is_file():
        return Path(pointer.read_text().strip())
    raise FileNotFoundError(f'{work_dir} holds no checkpoint; train into it, or name another folder')


def load_model(
    model: str | Path | Config,
    weights: str | Path | None = None,
    device: str | None = None,
    task: str | None = None,
    score: float | None = None,
) -> Model:
    """Load a model by name, config or file.

    Args:
        model: See `Model`.
        weights: See `Model`.
        device: See `Model`.
        task: See `Model`.
        score: See `Model`.

    Returns:
        The model. What it needs is read at its first use.

    Raises:
        LookupError: If there is no model of that name; the message lists the nearest ones.
        FileNotFoundError: If there is no such config.
    """
    if not isinstance(model, Config) and not (path := config_file(model)).is_file():
        raise FileNotFoundError(f'there is no config {path} (looked in {Path.cwd()})')
    return Model(model, weights, device, task, score)

"""The network of a semantic model for ncnn, a small runtime; needs the packages of the extra ``ncnn``."""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmmaskattn.apis.deploy.graph import SegmentsGraph, SemanticGraph
from mmmaskattn.apis.deploy.record import in_silence
from mmmaskattn.datasets.transforms.low_res_resize import resize_image
from mmmaskattn_runtime.model_file import ModelFileError, info_of

SUFFIX = '.ncnn.param'
INPUT, OUTPUT = 'in0', 'out0'
_LONGEST = 200


class Network(nn.Module):
    """What ncnn runs: RGB from 0 to 255 of the network's size in, logits out, normalisation inside.

    A model with one logit gets a second one, so that the greater one is the label there too.

    Args:
        graph: Of the model.
    """

    def __init__(self, graph: SemanticGraph | SegmentsGraph) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, images: Tensor) -> Tensor:
        """Run it.

        Args:
            images: float (1, 3, h, w).

        Returns:
            float (1, classes, h, w).
        """
        first = self.graph.picture
        ordered = torch.cat([images[:, 2:], images[:, 1:2], images[:, :1]], 1) if first.flipped else images
        logits = self.graph.logits((ordered - first.mean) / first.std)
        if logits.shape[1] > 1:
            return logits
        share = self.graph.model.decode_head.threshold
        return torch.cat([logits * 0 + math.log(share / (1 - share)), logits], 1)


def check_ncnn() -> None:
    """See that ncnn and its converter are there.

    Raises:
        ModuleNotFoundError: If one is missing.
    """
    missing = [name for name in ('ncnn', 'pnnx') if find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(f"ncnn: {', '.join(missing)} not installed: pip install 'mmmaskattn[ncnn]'")


def write_ncnn(graph: Any, size: tuple[int, int], metadata: dict[str, Any], path: Path) -> None:
    """Convert a network, in float32.

    Args:
        graph: Of the model; its task must be semantic.
        size: (H, W) of the network's input.
        metadata: What is said of the model.
        path: ``*.ncnn.param``; ``*.ncnn.bin`` and ``*.ncnn.json`` are written beside it.

    Raises:
        RuntimeError: If the network cannot be converted.
    """
    import pnnx  # of the extra `ncnn`

    example = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0)) * 255
    with tempfile.TemporaryDirectory() as folder, in_silence(), torch.no_grad():
        torch.jit.trace(Network(graph).eval(), example, check_trace=False).save(f'{folder}/network.pt')
        names = dict(ncnnparam='network.ncnn.param', ncnnbin='network.ncnn.bin')
        words = [pnnx.EXEC_PATH, 'network.pt', f'inputshape=[1,3,{size[0]},{size[1]}]f32', 'fp16=0']
        words += [f'{key}={name}' for key, name in names.items()]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, errors='replace', check=False)
        written = [Path(folder) / name for name in names.values()]
        if done.returncode or not all(one.is_file() for one in written):
            said = ' '.join((done.stderr or done.stdout).split())[-_LONGEST:]
            raise RuntimeError(f'pnnx cannot convert the network: {said}')
        for place, one in zip(files_of(path), written):
            place.write_bytes(one.read_bytes())
    path.with_suffix('.json').write_text(json.dumps(metadata))


def files_of(path: Path) -> tuple[Path, Path]:
    """The two files of a network: its layers and its weights."""
    return path, path.with_suffix('.bin')


class NcnnNetwork:
    """A converted network, with what comes before and after it, which ncnn has no operators for, in OpenCV and torch.

    Args:
        path: ``*.ncnn.param``.
        threads: Of the processor.

    Raises:
        ModelFileError: If it is none that `write_ncnn` has written.
        ModuleNotFoundError: If ncnn is not installed.
    """

    def __init__(self, path: str | Path, threads: int = 1) -> None:
        check_ncnn()
        import ncnn  # of the extra `ncnn`

        param, weights = files_of(Path(path))
        self.info = info_of(path, param.with_suffix('.json').read_text())
        self.net = ncnn.Net()
        self.net.opt.num_threads, self.net.opt.use_vulkan_compute = threads, False
        for kind in ('fp16_packed', 'fp16_storage', 'fp16_arithmetic', 'bf16_storage'):
            setattr(self.net.opt, f'use_{kind}', False)
        if self.net.load_param(str(param)) or self.net.load_model(str(weights)):
            raise ModelFileError(f'{path}: ncnn refuses it, or {weights.name} beside it')
        self.matrix = ncnn.Mat

    def outputs(self, picture: np.ndarray, size: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
        """Run it on one picture; see `mmmaskattn_runtime.ExportedModel.outputs`."""
        logits = torch.from_numpy(self.logits(resize_image(picture, self.info.size)))[None]
        wanted = size or (picture.shape[0], picture.shape[1])
        labels = F.interpolate(logits, wanted, mode='bilinear', align_corners=False)[0].argmax(0)
        return dict(labels=labels.int().numpy())

    def logits(self, small: np.ndarray) -> np.ndarray:
        """Run the network.

        Args:
            small: RGB, uint8, (h, w, 3), of the network's size.

        Returns:
            float32 (classes, h, w).
        """
        with self.net.create_extractor() as extractor:
            images = np.ascontiguousarray(small.transpose(2, 0, 1), np.float32)
            extractor.input(INPUT, self.matrix(images))
            failed, found = extractor.extract(OUTPUT)
            if failed:
                raise ModelFileError('ncnn fails to run the network')
            return np.array(found)

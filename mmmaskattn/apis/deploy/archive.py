"""A graph as an archive of ``torch.export``: for programs that have torch, in Python, and need none of our code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmmaskattn.apis.deploy.graph import OUTPUTS
from mmmaskattn.apis.deploy.picture import Layout
from mmmaskattn.apis.deploy.record import example_of, in_silence
from mmmaskattn_runtime.model_file import KEY, ModelFileError, info_of
from mmmaskattn_runtime.outputs import checked_outputs

SUFFIX = '.pt2'
_OF_THIS_MACHINE = ('stack_trace', 'nn_module_stack', 'source_fn_stack', 'from_node')


def write_archive(graph: torch.nn.Module, layout: Layout, batch: bool, metadata: dict[str, Any], path: Path) -> None:
    """Record a graph and write it.

    Args:
        graph: The graph.
        layout: Axes of the pictures.
        batch: Whether the number of pictures is left open.
        metadata: What the archive says of itself, in its extra file ``mmmaskattn``.
        path: File to write.
    """
    inputs, shapes = example_of(layout, batch)
    with in_silence(), torch.no_grad():
        program = torch.export.export(graph, inputs, dynamic_shapes=shapes, strict=False)
        for module in program.graph_module.modules():
            for node in getattr(module, 'graph', torch.fx.Graph()).nodes:
                for key in _OF_THIS_MACHINE:  # files and lines of the code that was recorded
                    node.meta.pop(key, None)
        torch.export.save(program, path, extra_files={KEY: json.dumps(metadata)})


class Archive:
    """An archive, loaded by torch.

    Args:
        path: The file.

    Raises:
        ModelFileError: If it is none that `write_archive` has written.
    """

    def __init__(self, path: str | Path) -> None:
        said = {KEY: ''}
        try:
            with in_silence():
                self.module = torch.export.load(path, extra_files=said).module()
        except OSError:
            raise
        except Exception as error:  # zip, pickle and torch have their own, for whatever bytes there are
            raise ModelFileError(f'{path}: is no archive of torch.export ({type(error).__name__})') from None
        self.file, self.info = str(path), info_of(path, said[KEY])

    def outputs(self, picture: np.ndarray, size: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
        """Run it on one picture; see `mmmaskattn_runtime.ExportedModel.outputs`."""
        size = size or (picture.shape[0], picture.shape[1])
        pictures = torch.tensor(picture)[None]
        if self.info.layout == 'nchw':
            pictures = pictures.permute(0, 3, 1, 2).contiguous()
        with torch.inference_mode():
            given = self.module(pictures, torch.tensor(size))
        values = given if isinstance(given, tuple) else (given,)
        found = {name: value.numpy() for name, value in zip(OUTPUTS[self.info.task], values)}
        return checked_outputs(self.file, self.info, found, size)

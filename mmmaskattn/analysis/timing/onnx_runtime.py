"""Models in ONNX Runtime: exported, held against eager PyTorch, ready to be timed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmmaskattn.analysis.models import BareNetwork
from mmmaskattn.utils.files import atomic_write

OPSET = 18
TOLERANCE = 1e-3
LARGEST_MAP = 2 << 30
PACKAGES = ('onnx', 'onnxscript', 'onnxruntime')


class NotInOnnxRuntimeError(RuntimeError):
    """A model has no ONNX file, or one whose outputs are not those of the model; the message is the reason."""


def check_onnx_installed(otherwise: str = '') -> None:
    """See that export and runtime are there.

    Args:
        otherwise: What else one can do, for the message.

    Raises:
        ModuleNotFoundError: If one is missing.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(
            f"ONNX Runtime: {', '.join(missing)} not installed: pip install 'mmmaskattn[deploy]'{otherwise}"
        )


def onnx_call(model: nn.Module, images: Tensor, threads: int = 1) -> tuple[Callable[[], Any], float]:
    """The bare network in ONNX Runtime on the CPU, float32, with the shape of ``images`` fixed.

    The exporter folds batch norm into the convolutions.

    Args:
        model: On the CPU; put into evaluation mode.
        images: (B, C, H, W).
        threads: Threads within an operator; operators run one after the other.

    Returns:
        A call that runs the images once, and the largest difference from eager PyTorch as a share of the largest value.

    Raises:
        NotInOnnxRuntimeError: If the export fails, a map would take more than 2 GiB, ONNX Runtime refuses the file, or
            its outputs differ by more than 0.001 of the largest value.
    """
    _, call, difference = _proved(model, images, threads)
    return call, difference


def write_bare(model: nn.Module, images: Tensor, path: Path) -> float:
    """Write the bare network as a file: float images of one size in, its raw outputs out.

    Args:
        model: On the CPU; put into evaluation mode.
        images: (B, C, H, W), of the only shape that the file takes.
        path: The file.

    Returns:
        The largest difference from eager PyTorch as a share of the largest value.

    Raises:
        NotInOnnxRuntimeError: As `onnx_call`.
    """
    content, _, difference = _proved(model, images, 1)
    atomic_write(path, content)
    return difference


def _proved(model: nn.Module, images: Tensor, threads: int) -> tuple[bytes, Callable[[], Any], float]:
    """The file's content, a call that runs the images, and how far its outputs are from eager PyTorch's."""
    network = BareNetwork(model).eval()
    with torch.inference_mode():
        expected = [output.numpy() for output in _tensors(network(images))]
    try:
        content = _export(network, images)
        call = _session_call(content, images, threads)
        difference = _difference(call(), expected)
    except NotInOnnxRuntimeError:
        raise
    except Exception as error:  # the exporter passes on whatever an operator of the model met
        raise NotInOnnxRuntimeError(_reason(error)) from error
    if not difference <= TOLERANCE:
        raise NotInOnnxRuntimeError(f'its outputs differ from eager PyTorch by {difference:.1e} of the largest value')
    return content, call, difference


def _export(network: nn.Module, images: Tensor) -> bytes:
    """The file's content."""
    contiguous = images.contiguous()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of packages that torch's exporter uses
        program = torch.onnx.export(network, (contiguous,), dynamo=True, opset_version=OPSET, verbose=False)
    assert program is not None
    largest = max(_map_bytes(value.type.tensor_type) for value in program.model_proto.graph.value_info)
    if largest > LARGEST_MAP:
        raise NotInOnnxRuntimeError(f'a map of it takes {largest / 2**30:.1f} GiB')
    return program.model_proto.SerializeToString()


def _map_bytes(tensor: Any) -> int:
    """Of a float tensor of fixed shape in a graph."""
    size = 4
    for dimension in tensor.shape.dim:
        size *= dimension.dim_value
    return size


def _session_call(content: bytes, images: Tensor, threads: int) -> Callable[[], Any]:
    import onnxruntime  # of the extra `deploy`

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=['CPUExecutionProvider'])
    feed = {session.get_inputs()[0].name: images.contiguous().numpy()}
    return lambda: session.run(None, feed)


def _tensors(outputs: Any) -> Iterator[Tensor]:
    """The tensors in nested outputs, in the exporter's order."""
    if isinstance(outputs, Tensor):
        yield outputs
    else:
        for item in outputs.values() if isinstance(outputs, dict) else outputs or ():
            yield from _tensors(item)


def _difference(given: Any, expected: Any) -> float:
    """Largest difference as a share of the largest value of an output."""
    if [one.shape for one in given] != [one.shape for one in expected]:
        raise NotInOnnxRuntimeError('its outputs have other shapes than in eager PyTorch')
    return max(float(abs(a - b).max() / max(abs(b).max(), 1e-12)) for a, b in zip(given, expected))


def _reason(error: BaseException) -> str:
    """What went wrong first, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines() or ['']
    return f'{type(error).__name__}: {lines[0][:150]}'

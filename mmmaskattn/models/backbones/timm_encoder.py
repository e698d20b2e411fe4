"""Encoders of timm by name.

mmseg's ``TIMMBackbone`` reads weights while it is built, so that a trained model cannot be tested without them; this
one reads them by ``init_cfg``, with our loader.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from mmmaskattn.registry import MODELS
from mmmaskattn.utils.option_types import Indices, InitConfig, Name
from mmmaskattn.utils.weights import WeightsMismatchError


@MODELS.register_module()
class TimmEncoder(BaseModule):
    """An encoder of timm that gives maps at several strides: ``features_only`` in timm's words.

    ``init_cfg=dict(type='Pretrained', checkpoint=FILE)`` takes a file of timm's weights for the classifier of the same
    name; what belongs to the classification alone is left out. Nothing is downloaded.

    Args:
        model_name: timm's name, for instance ``resnet18``.
        out_indices: levels whose maps are returned; those that timm gives by default.
        frozen: the encoder keeps its weights and statistics.
        norm_eval: keep all batch norms in evaluation mode while training.
        timm_options: further arguments of ``timm.create_model``, for instance ``dict(img_size=128)``.
        init_cfg: initialisation, as mmengine takes it.

    Attributes:
        out_channels: channels of the maps, the ``in_channels`` of a decoder.

    Raises:
        ModuleNotFoundError: timm is not installed.
        RuntimeError: timm has no model of this name.
    """

    def __init__(
        self,
        model_name: Name,
        out_indices: Indices | None = None,
        frozen: bool = False,
        norm_eval: bool = False,
        timm_options: dict[str, Any] | None = None,
        init_cfg: InitConfig = None,
    ) -> None:
        super().__init__(init_cfg)
        self.model_name = model_name
        self.frozen = frozen
        self.norm_eval = norm_eval
        options = dict(timm_options or {}, **({} if out_indices is None else {'out_indices': tuple(out_indices)}))
        self.encoder = _timm().create_model(model_name, pretrained=False, features_only=True, **options)
        self.out_channels = tuple(self.encoder.feature_info.channels())
        self.encoder.requires_grad_(not frozen)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Compute the pyramid.

        Args:
            x: float (B, 3, H, W).

        Returns:
            The maps, shallow to deep: map i is float (B, out_channels[i], H_i, W_i).
        """
        maps = self.encoder(x)
        # Some of timm's transformers give (B, H, W, C).
        return tuple(
            one if one.shape[1] == width else one.permute(0, 3, 1, 2) for one, width in zip(maps, self.out_channels)
        )

    def train(self, mode: bool = True) -> TimmEncoder:
        """Switch to training, keeping a frozen encoder, or its batch norms, in evaluation mode."""
        super().train(mode)
        for module in self.encoder.modules():
            if self.frozen or (self.norm_eval and isinstance(module, _BatchNorm)):
                module.training = False
        return self

    def _load_from_state_dict(self, state_dict: MutableMapping[str, Tensor], prefix: str, *args: Any) -> None:
        """Take timm's own file as well; this comes before the loading of the encoder."""
        own = {_flat(name): (name, tensor) for name, tensor in self.encoder.state_dict().items()}
        plain = {_flat(name[len(prefix) :]): name for name in state_dict if name.startswith(prefix)}
        if own.keys() & plain.keys():
            self._rename(state_dict, prefix, own, plain)
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _rename(
        self,
        state_dict: MutableMapping[str, Tensor],
        prefix: str,
        own: dict[str, tuple[str, Tensor]],
        plain: dict[str, str],
    ) -> None:
        found = {flat: state_dict.pop(name) for flat, name in plain.items()}
        misfits = [
            name for flat, (name, tensor) in own.items() if flat not in found or found[flat].shape != tensor.shape
        ]
        if misfits:
            raise WeightsMismatchError(
                f"the weights are not those of timm's {self.model_name}: {len(misfits)} of {len(own)} tensors are "
                f'absent or of another shape, {misfits[0]} the first; name a file of this model in init_cfg.checkpoint'
            )
        state_dict.update({f'{prefix}encoder.{name}': found[flat] for flat, (name, _) in own.items()})


def _flat(name: str) -> str:
    """timm joins the names of a model's parts by ``_`` where it takes the model apart."""
    return name.replace('.', '_')


def _timm() -> Any:
    if find_spec('timm') is None:
        raise ModuleNotFoundError(
            'TimmEncoder: timm is not installed; pip install timm, with the torchvision that belongs to your torch'
        )
    return import_module('timm')

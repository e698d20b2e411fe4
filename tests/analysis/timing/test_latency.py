"""Timing in turn: order, percentiles, gradients, the forward that works."""

from __future__ import annotations

import time

import pytest
import torch
from mmengine.model import BaseModel
from torch import nn

from mmmaskattn.analysis.timing.latency import (
    Timing,
    inference_call,
    latency_table,
    time_in_turn,
    training_call,
    working_forward,
)


def test_median_and_p95():
    timing = Timing([float(ms) for ms in range(100, 0, -1)])
    assert timing.median == 50.5
    assert timing.p95 == 95
    assert Timing([3.0]).p95 == 3


def test_rounds_are_interleaved_and_the_first_changes():
    order = []
    timings = time_in_turn({name: lambda name=name: order.append(name) for name in 'abc'}, rounds=3, warmup=2)
    assert len(order) == 15
    rounds = [''.join(order[start : start + 3]) for start in range(0, 15, 3)]
    assert all(sorted(turn) == ['a', 'b', 'c'] for turn in rounds)
    assert rounds[2:] == ['abc', 'bca', 'cab']
    assert [len(timing.milliseconds) for timing in timings.values()] == [3, 3, 3]


def test_times_are_milliseconds_of_the_call_and_ratios_follow():
    calls = {'short': lambda: time.sleep(0.004), 'long': lambda: time.sleep(0.04)}
    timings = time_in_turn(calls, rounds=3, warmup=0)
    assert timings['short'].median >= 4
    assert timings['long'].median >= 40
    table = latency_table({'a': Timing([2.0, 4.0, 3.0]), 'b': Timing([4.0, 8.0, 60.0])}, {'b': 'predict'})
    assert [cell.strip() for cell in table.splitlines()[-1].split('|')[1:-1]] == [
        'b',
        'predict',
        '8.00',
        '60.00',
        '2.00',
    ]


@pytest.mark.parametrize(('candidates', 'rounds'), [({}, 3), ({'a': lambda: None}, 0)])
def test_nothing_to_time_is_refused(candidates, rounds):
    with pytest.raises(ValueError, match='at least one'):
        time_in_turn(candidates, rounds)


class Nested(BaseModel):
    """Outputs as detectors give them; fails without ``mode='predict'`` if told to."""

    def __init__(self, predict_only=False):
        super().__init__()
        self.predict_only = predict_only
        self.left, self.right = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode == 'tensor' and self.predict_only:
            raise TypeError('needs data samples')
        self.saw_inference_mode = torch.is_inference_mode_enabled()
        return dict(left=[self.left(inputs), torch.tensor([1])], right=(self.right(inputs), []))


def test_inference_runs_in_evaluation_mode_without_gradients():
    model = Nested().train()
    outputs = inference_call(model, torch.randn(1, 3, 4, 4))()
    assert not model.training
    assert model.saw_inference_mode
    assert not outputs['left'][0].requires_grad


def test_training_step_reaches_every_output():
    model = Nested().eval()
    step = training_call(model, torch.randn(1, 3, 4, 4))
    step()
    first = model.left.weight.grad.clone()
    step()
    assert model.training
    assert torch.equal(model.left.weight.grad, first)  # gradients do not pile up over the rounds
    assert model.right.weight.grad.abs().sum() > 0


def test_a_forward_without_tensors_cannot_be_trained():
    class Odd(nn.Module):
        def forward(self, images):
            return 'text'

    with pytest.raises(TypeError, match='gave str'):
        training_call(Odd(), torch.randn(1, 3, 4, 4))()


def test_working_forward():
    images = torch.randn(1, 3, 4, 4)
    assert working_forward(Nested(), images) == 'tensor'
    assert working_forward(Nested(predict_only=True), images) == 'predict'
    assert working_forward(nn.Conv2d(3, 2, 1), images) == 'tensor'

from __future__ import annotations

import json

from torch import nn

from mmmaskattn.analysis.cost.complexity import Complexity, as_dict, count_complexity, report


class Head(nn.Module):
    """A head with work of its own beside that of its child."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(3, 4, 1))
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        y = self.inner(x).flatten(2)
        return y @ y.transpose(1, 2)


def rows(text):
    return [[cell.strip() for cell in line.split('|')[1:-1]] for line in text.splitlines() if line.startswith('|')]


def test_the_table_adds_up_and_depth_limits_it():
    result = count_complexity(Head(), (10, 100))
    text = report(result, (10, 100), '--shape', depth=1)
    assert [row[0] for row in rows(text)[2:]] == ['(model)', 'inner', 'unused', '(in no child)']
    assert [row[2] for row in rows(text)[2:]] == ['100.0', '42.9', '0.0', '57.1']  # 12 and 16 MACs a pixel
    assert 'inner.0' in report(result, (10, 100), '--shape', depth=2)
    assert '1 x 3 x 10 x 100 (H, W from --shape)' in text
    assert '0.000 M, 0.000 M of them read' in text


def test_what_could_not_be_counted_is_told_with_its_calls():
    result = Complexity(by_module={'': 0}, params_by_module={'': 0}, uncounted={'b': 1, 'a': 2})
    assert 'could not count: a x2, b x1' in report(result, (8, 8), '')
    assert 'could not count: nothing' in report(count_complexity(Head(), (8, 8)), (8, 8), '')


def test_the_dictionary_is_plain_data_in_units():
    data = json.loads(json.dumps(as_dict(count_complexity(Head(), (10, 100)), (10, 100), 'here', depth=1)))
    assert data['macs'] == 28000
    assert data['flops'] == 56000
    assert data['by_module'] == {
        '': dict(macs=28000, params=22),
        'inner': dict(macs=12000, params=16),
        'unused': dict(macs=0, params=6),
    }
    assert data['params_read'] == 16

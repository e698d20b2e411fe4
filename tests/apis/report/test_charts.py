"""Charts: scales with round ticks, curves of any length, and names that are no HTML."""

from __future__ import annotations

import re

import numpy as np
import pytest

from mmmaskattn.apis.report.charts import SERIES, Scale, count_histogram, heat_map, histogram, line_chart, thinned
from mmmaskattn.apis.report.collect import Curve


@pytest.mark.parametrize(('low', 'high'), [(0, 1), (3, 97), (-2, 5), (1e-4, 3e-3), (1000, 160000), (5.1, 5.2)])
def test_ticks_are_few_round_and_inside(low, high):
    ticks = Scale(low, high).ticks()
    assert 3 <= len(ticks) <= 7
    assert all(low - 1e-9 <= one <= high + 1e-9 for one in ticks)
    steps = np.diff(ticks)
    assert steps == pytest.approx(np.full(len(steps), steps[0]))


@pytest.mark.parametrize(('low', 'high'), [(0.1, 20), (1, 1e5), (3, 200), (2, 3)])
def test_ticks_of_a_logarithmic_scale(low, high):
    scale = Scale(low, high, logarithm=True)
    ticks = scale.ticks()
    assert 2 <= len(ticks) <= 8
    assert all(low <= one <= high for one in ticks)
    assert scale.place(np.sqrt(low * high)) == pytest.approx(0.5)


def test_curves_of_one_value_of_none_and_of_very_many():
    assert line_chart({}, 'epoch') == line_chart({'a': Curve([], [])}, 'epoch') == ''
    assert line_chart({'a': Curve([1], [0.0])}, 'epoch').count('<circle') == 1
    many = Curve(list(range(100_000)), [1.0] * 50_000 + [3.0] * 50_000)
    short = thinned(many)
    assert len(short.values) == 400
    assert np.mean(short.values) == pytest.approx(2)
    assert len(line_chart({'a': many}, 'iteration')) < 20_000


def test_names_are_escaped():
    curves = {'<b>&"': Curve([1, 2], [1.0, 2.0])}
    charts = [line_chart(curves, '<i>'), heat_map(np.eye(1), ['<b>'], ['<b>']), histogram({'<b>': [1, 2]}, '<i>')]
    for one in charts:
        assert not re.search('<[bi]>', one)


def test_every_object_is_in_a_bar_of_the_histogram():
    sizes = {f'class {k}': list(np.random.default_rng(k).integers(1, 5000, 40)) for k in range(12)}
    chart = histogram(sizes, 'pixels')
    counted = [int(one) for one in re.findall(r': (\d+) of [^<]* pixels</title>', chart)]
    assert sum(counted) == 12 * 40
    assert chart.count('class="key') == SERIES
    assert 'others' in chart
    assert histogram({'a': [7]}, 'pixels').count('<rect') == 1


@pytest.mark.parametrize(
    ('counts', 'spans'), [([0, 3, 3], ('0', '1', '2', '3')), ([0, 0], ('0',)), ([7, 260], ('0 to 19', '20 to 39'))]
)
def test_numbers_of_objects_are_whole_in_bars_of_equal_width(counts, spans):
    chart = count_histogram(counts, 'objects', 'pictures')
    titles = dict(reversed(one) for one in re.findall(r'<title>(\d+) pictures with ([\d to]+) objects</title>', chart))
    assert set(titles) <= {*spans, '260 to 279'}
    assert sum(map(int, titles.values())) == len(counts)
    assert all(float(one).is_integer() for one in re.findall(r'<text[^>]*>([\d.]+)</text>', chart))
    assert count_histogram([], 'objects', 'pictures') == ''

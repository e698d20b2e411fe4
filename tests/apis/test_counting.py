"""Objects counted against the truth."""

from __future__ import annotations

import json

import pytest
from random_checkpoint import write_checkpoint
from tool_calls import call_tool

from mmmaskattn.apis.counting import Count, count_figures, objects_in


def test_figures():
    figures = count_figures([Count('a', 4, 4), Count('b', 10, 7), Count('c', 0, 1)])
    expected = {
        'pictures': 3,
        'objects': 14,
        'mean error': 4 / 3,
        'bias': -2 / 3,
        'of the objects': 400 / 14,
        'exact': 100 / 3,
    }
    assert figures == pytest.approx(expected)


def test_crowds_and_stuff_are_no_objects():
    segments = [dict(category=label, iscrowd=crowd) for label, crowd in ((0, 0), (2, 0), (1, 1), (255, 0))]
    assert objects_in(dict(segments_info=segments), 2) == 1
    assert objects_in(dict(instances=[dict(ignore_flag=0), dict(ignore_flag=1)]), 2) == 1
    with pytest.raises(ValueError, match=r'a\.png: the truth has no objects'):
        objects_in(dict(img_path='a.png'), 2)


@pytest.mark.slow
def test_the_tool_counts_a_data_set(tmp_path):
    root = tmp_path / 'coco'
    words = ['coco', root, '--train', '1', '--val', '3', '--size', '64', '80']
    assert call_tool('data/make_mini.py', *words).returncode == 0
    model = write_checkpoint('coco_panoptic_128_nano', tmp_path)
    words = [model.config, '--weights', model.checkpoint, '--out', 'counts.csv']
    done = call_tool('analysis/count_error.py', *words, cwd=tmp_path, COCO_ROOT=str(root))
    assert done.returncode == 0, done.stderr
    rows = [line.split(',') for line in (tmp_path / 'counts.csv').read_text().splitlines()[1:]]
    truth = json.loads((root / 'annotations/instances_val2017.json').read_text())['annotations']
    assert len(rows) == 3
    assert sum(int(row[1]) for row in rows) == sum(not one['iscrowd'] for one in truth)
    assert done.stdout.splitlines()[2].split()[1] == '3'

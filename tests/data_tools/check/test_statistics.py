"""Counts, quantiles, table and plot of a split."""

import cv2
import numpy as np

from mmmaskattn.data_tools.check.sample import SampleReport
from mmmaskattn.data_tools.check.statistics import SplitStatistics, plot_statistics


def three_images() -> SplitStatistics:
    statistics = SplitStatistics('train', ('cat', 'dog', 'sky'), (16, 16))
    statistics.add(SampleReport(class_pixels=np.array([30, 0, 70]), instances=[(0, 27), (0, 3)]))
    statistics.add(SampleReport(class_pixels=np.array([0, 0, 100]), instances=[(0, 0)]))
    statistics.add(SampleReport(class_pixels=np.array([0, 0, 0]), instances=[]))
    return statistics


def test_what_is_counted():
    statistics = three_images()
    assert (statistics.images, statistics.empty, statistics.tiny, statistics.vanished) == (3, 1, 1, 1)
    assert statistics.class_images.tolist() == [2, 0, 2]
    assert statistics.class_instances.tolist() == [3, 0, 0]
    assert statistics.absent_classes == ['dog']


def test_quantiles_are_those_of_the_sizes_themselves():
    statistics = SplitStatistics('val', ('a',), None)
    sizes = np.random.default_rng(0).integers(1, 500, 997).tolist()
    statistics.add(SampleReport(instances=[(0, size) for size in sizes]))
    for percent, size in statistics.size_quantiles().items():
        assert sum(s < size for s in sizes) <= len(sizes) * percent / 100 <= sum(s <= size for s in sizes)


def test_table_and_summary_name_the_figures():
    statistics = three_images()
    table = statistics.class_table()
    rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in table.splitlines()]
    assert rows[0] == ['class', 'label', 'images', 'pixels %', 'instances']
    assert rows[2] == ['cat', '0', '2', '15.000', '3']
    text = '\n'.join(statistics.summary())
    assert '3 images, 1 with nothing in them; counted at 16x16' in text
    assert '1 of 3 classes never occur: dog' in text
    assert '3 instances: 1 without a pixel, 1 of 1 to 3 pixels' in text


def test_plots_are_drawn_with_and_without_instances(tmp_path):
    plot_statistics(three_images(), tmp_path / 'both.png')
    semantic = SplitStatistics('train', tuple(f'class {i}' for i in range(150)), None)
    semantic.add(SampleReport(class_pixels=np.arange(150)))
    plot_statistics(semantic, tmp_path / 'new/semantic.png')
    nothing = SplitStatistics('train', ('a',), None)
    plot_statistics(nothing, tmp_path / 'nothing.png')
    both, single = (cv2.imread(str(tmp_path / name)) for name in ('both.png', 'new/semantic.png'))
    assert both.shape[1] > 1.5 * single.shape[1]
    assert (both != 255).any(axis=2).mean() > 0.05  # something is drawn

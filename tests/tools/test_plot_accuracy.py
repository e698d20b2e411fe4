"""tools/analysis/plot_accuracy.py: the picture of the page's own table."""

import cv2
from small_job import ROOT
from tool_calls import call_tool

PAGE = ROOT / 'docs/explanation/accuracy.md'
COLUMNS = ('--x', 'ms, one thread', '--y', 'test mIoU')


def test_the_pages_table_is_drawn(tmp_path):
    done = call_tool('analysis/plot_accuracy.py', PAGE, *COLUMNS, '--out', tmp_path / 'new/plot.png')
    assert done.returncode == 0, done.stderr
    assert '4 points drawn' in done.stdout
    assert cv2.imread(str(tmp_path / 'new/plot.png')).std() > 5


def test_a_page_without_such_a_table_is_refused(tmp_path):
    done = call_tool('analysis/plot_accuracy.py', PAGE, '--x', 'speed', '--y', 'test mIoU', '--out', tmp_path / 'a.png')
    assert done.returncode == 1
    assert "no table with the columns 'speed' and 'test mIoU'" in done.stderr
    assert not (tmp_path / 'a.png').exists()

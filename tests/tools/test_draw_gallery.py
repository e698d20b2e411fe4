"""The pictures of the gallery, drawn by the command that the page names."""

import re
from pathlib import Path

import numpy as np
from PIL import Image
from tool_calls import ROOT, call_tool


def test_the_shipped_model_finds_the_drawn_nuclei(tmp_path):
    done = call_tool('analysis/draw_gallery.py', '--out', tmp_path / 'gallery')
    assert done.returncode == 0, done.stderr
    counts = re.findall(r'(\w+)\.png: (\d+) nuclei found, (\d+) drawn', done.stdout)
    page = (ROOT / 'docs/gallery.md').read_text()
    assert {name for name, *_ in counts} == set(re.findall(r'images/gallery/(\w+)\.png', page))
    for name, found, drawn in counts:
        assert abs(int(found) - int(drawn)) <= 3, name
        committed = Image.open(ROOT / f'docs/images/gallery/{name}.png')
        written = Image.open(tmp_path / f'gallery/{name}.png')
        assert written.size == committed.size
        difference = np.abs(np.asarray(written.convert('L'), int) - np.asarray(committed.convert('L'), int))
        assert (difference > 60).mean() < 0.1, f'{name}: draw it anew with {Path("tools/analysis/draw_gallery.py")}'

"""The report of real trainings in miniature and of real predictions: the page, its figures, and wrong inputs."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest
from pictures import smooth_photo
from PIL import Image
from random_checkpoint import write_checkpoint
from segment_job import train_here, write_segment_job
from small_job import write_job

from mmmaskattn.apis import MaskAttnInferencer
from mmmaskattn.apis.report import write_report
from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.engine.testing import run_test
from mmmaskattn_console.console import main
from mmmaskattn_runtime import FORMATS


class Page(HTMLParser):
    """What a page holds: its references, its titles, the cells of its tables, its text."""

    def __init__(self, path: Path):
        super().__init__()
        self.source = path.read_text()
        self.references, self.titles, self.rows, self.text = [], [], [], ''
        self.images, self.charts, self._open = 0, 0, []
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.references += [value for name, value in attrs if name in ('src', 'href', 'srcset', 'data', 'action')]
        self.images += tag == 'img'
        self.charts += tag == 'svg'
        if tag == 'tr':
            self.rows.append([])
        if tag in ('td', 'th'):
            self.rows[-1].append('')
        if tag == 'h2':
            self.titles.append('')
        if tag not in ('meta', 'link', 'img'):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag, 'tags are closed in their order'

    def handle_data(self, data):
        self.text += data
        if self._open and self._open[-1] in ('td', 'th'):
            self.rows[-1][-1] += data
        if self._open and self._open[-1] == 'h2':
            self.titles[-1] += data

    def cells(self):
        """The second column of all tables by the first."""
        return {row[0]: row[1] for row in self.rows if len(row) > 1}


def read(path: Path) -> Page:
    """The page, which refers to nothing but to what it holds."""
    page = Page(path)
    assert not page._open
    assert all(one.startswith('data:') for one in page.references)
    assert not re.search(r'(url\(|@import|<script|<iframe|<base)', page.source)
    return page


class Trained(NamedTuple):
    config: Path
    folder: Path


@pytest.fixture(scope='module')
def panoptic(tmp_path_factory):
    """A panoptic training of two epochs with its validations, on six drawn scenes."""
    folder = tmp_path_factory.mktemp('panoptic')
    write_mini('coco', folder / 'coco', num_train=6, num_val=4, size=(48, 64), seed=0)
    config = write_segment_job(folder, 'panoptic', folder / 'coco')
    train_here(config, folder / 'work', **{'train_cfg.max_epochs': 2})
    return Trained(config, folder / 'work')


@pytest.fixture(scope='module')
def semantic(tmp_path_factory):
    folder = tmp_path_factory.mktemp('semantic')
    config = write_job(folder, num_train=4)
    train_here(config, folder / 'work', **{'train_cfg.val_interval': 1})
    return Trained(config, folder / 'work')


def test_a_panoptic_training(panoptic, tmp_path, capsys):
    before = sorted(path.name for path in panoptic.folder.iterdir())
    main(['report', str(panoptic.folder), '--pictures', '1'])
    assert f'Written to {panoptic.folder}/report.html' in capsys.readouterr().out
    assert sorted(path.name for path in panoptic.folder.iterdir()) == sorted([*before, 'report.html'])
    page = read(panoptic.folder / 'report.html')
    titles = ('Training', 'Classes', 'Confusion of pixels', 'By size of the objects', 'All figures', 'Worst pictures',
              'Best pictures', 'Commands, versions, config')  # fmt: skip
    assert page.titles == list(titles)
    assert page.images == 2 * 3
    assert page.charts == 6, 'losses, learning rate, PQ, AP, mIoU, confusion'
    (best,) = panoptic.folder.glob('best_*.pth')
    tested = run_test([str(panoptic.config), str(best), '--work-dir', str(tmp_path)])
    cells = page.cells()
    assert {name: cells[name] for name in tested} == {name: f'{value:.2f}' for name, value in tested.items()}
    assert tested['lowres/mIoU'] > 0
    assert f'mmmaskattn report {panoptic.folder} --pictures 1' in page.text
    assert 'epoch 2 of 2' in page.text
    assert "type='mmmaskattn.MaskAttnUNet'" in page.text
    assert 'PyTorch' in page.text


def test_a_semantic_training(semantic, tmp_path):
    page = read(write_report(semantic.folder, tmp_path / 'page.html', pictures=2))
    (best,) = semantic.folder.glob('best_*.pth')
    tested = run_test([str(semantic.config), str(best), '--work-dir', str(tmp_path)])
    cells = page.cells()
    assert {name: cells[name] for name in tested} == {name: f'{value:.2f}' for name, value in tested.items()}
    start = next(k for k, row in enumerate(page.rows) if row == ['class', 'IoU']) + 1
    end = next(k for k, row in enumerate(page.rows) if row == ['figure', 'value'])
    classes = [float(row[1]) for row in page.rows[start:end]]
    assert sum(classes) / len(classes) == pytest.approx(tested['lowres/mIoU'], abs=0.01)
    assert page.images == 4 * 3


@pytest.mark.long
def test_an_instance_training(panoptic, tmp_path):
    config = write_segment_job(tmp_path, 'instance', panoptic.config.parent / 'coco')
    train_here(config, tmp_path / 'work')
    page = read(write_report(tmp_path / 'work', split='test', pictures=1))
    (best,) = (tmp_path / 'work').glob('best_*.pth')
    tested = run_test([str(config), str(best), '--work-dir', str(tmp_path / 'tested')])
    cells = page.cells()
    assert {name: cells[name] for name in tested} == {name: f'{value:.2f}' for name, value in tested.items()}
    assert ['objects', 'AP'] in page.rows
    assert page.images == 2 * 3
    assert "By the picture's PQ of the things" in page.text


def test_before_the_first_checkpoint_there_are_curves_alone(semantic, tmp_path):
    running = tmp_path / 'running'
    shutil.copytree(semantic.folder, running, ignore=shutil.ignore_patterns('*.pth', 'last_checkpoint'))
    (scalars,) = running.glob('*/vis_data/scalars.json')
    scalars.write_text(scalars.read_text() + '{"lr": 0.0')  # a line that is just being written
    page = read(write_report(running))
    assert 'There is no checkpoint yet' in page.text
    assert (page.images, page.charts) == (0, 3)
    assert read(write_report(semantic.folder, tmp_path / 'page.html', test=False)).charts == 3


@pytest.mark.parametrize(('task', 'kept'), [('panoptic', FORMATS), ('panoptic', ('csv',)), ('semantic', FORMATS)])
def test_predictions(task, kept, predictions, tmp_path):
    folder, results = predictions[task]
    names = dict(csv=('objects.csv',), coco=('instances.json',), panoptic=('panoptic.json', 'panoptic'))
    removed = [name for one, names in names.items() if one not in kept for name in names]
    removed += [one for one in ('pictures', 'maps') if one not in kept]
    part = shutil.copytree(folder, tmp_path / 'part', ignore=shutil.ignore_patterns(*removed))
    page = read(write_report(part, pictures=1))
    cells = page.cells()
    counts, areas = {}, {}
    for one in results:
        for name, number in one.counts().items():
            counts[name] = counts.get(name, 0) + number
        for name, area in one.areas().items():
            areas[name] = areas.get(name, 0) + area
    assert {name: int(value) for name, value in cells.items() if value.isdigit()} == counts
    pixels = {row[0]: int(row[2]) for row in page.rows[1:]}
    things = {name: area for name, area in areas.items() if kept != ('csv',) or name in counts}
    assert pixels == things
    assert page.images == (2 if 'pictures' in kept else 0)
    assert page.charts == (2 if task == 'panoptic' else 0)


@pytest.fixture(scope='module')
def predictions(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp('predictions'), {}
    pictures = [smooth_photo((60, 90), seed) for seed in range(3)]
    for number, one in enumerate(pictures):
        (folder / 'shots').mkdir(exist_ok=True)
        Image.fromarray(one).save(folder / 'shots' / f'{number}.png')
    for task, name in (('panoptic', 'coco_panoptic_128_nano'), ('semantic', 'ccp_semantic_128_nano')):
        infer = MaskAttnInferencer(*write_checkpoint(name, folder), device='cpu', score_thr=0.0)
        infer(folder / 'shots', out_dir=folder / task)
        found[task] = folder / task, infer(folder / 'shots')
    return found


def test_only_a_report_is_overwritten(predictions, tmp_path):
    folder = shutil.copytree(predictions['semantic'][0], tmp_path / 'found')
    first = write_report(folder, pictures=0).read_text()
    assert '<img' not in first
    assert '<img' in write_report(folder).read_text()
    (folder / 'report.html').write_text('<html>mine</html>')
    with pytest.raises(FileExistsError, match='is no report of ours'):
        write_report(folder)
    assert (folder / 'report.html').read_text() == '<html>mine</html>'


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['gone'], 'gone is no folder'),
        (['empty'], 'empty is neither the folder of a training'),
        (['empty', '--split', 'train'], "invalid choice: 'train'"),
        (['empty', '--pictures', '-1'], 'found -1, expected 0 or more'),
        (['bare'], 'bare has no config'),
        (['broken'], 'broken/objects.csv: found the columns a, b; expected picture, object, class, area too'),
        (['cut'], "cut/objects.csv, line 3: found the area ''; expected a number of pixels; predict anew"),
        (['dumped'], 'dumped/instances.json: Expected `object`, got `array`; expected COCO'),
        (['halved'], 'halved/panoptic.json: Input data was truncated; expected COCO'),
        (['renamed'], 'renamed/instances.json: found category_id 7; expected one of its categories, 1; predict anew'),
        (['blurred'], 'blurred/pictures/a.png is no picture'),
    ],
)
def test_wrong_inputs_end_in_one_line(words, line, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ('empty', 'bare', 'broken', 'cut', 'dumped', 'halved', 'renamed', 'blurred/pictures'):
        Path(name).mkdir(parents=True)
    Path('bare/last_checkpoint').write_text('gone.pth')
    Path('broken/objects.csv').write_text('a,b\n1,2\n')
    Path('cut/objects.csv').write_text('picture,object,class,score,area\na.png,1,cell,0.9,70\nb.png,1,ce')
    Path('halved/panoptic.json').write_text('{"images": [{"id": 1}], "categ')
    found = dict(images=[], categories=[dict(id=1, name='cell')], annotations=[dict(image_id=1, category_id=7, area=9)])
    Path('renamed/instances.json').write_text(json.dumps(found))
    Path('blurred/pictures/a.png').write_text('no picture')
    Path('dumped/instances.json').write_text('[{"image_id": 1}]')  # what tools/test.py --out writes
    with pytest.raises(SystemExit) as end:
        main(['report', *words])
    said = end.value.code if isinstance(end.value.code, str) else capsys.readouterr().err.strip()
    assert line in said
    assert '\n' not in said
    assert 'Error in' not in said
    assert not list(Path().glob('*/report.html'))


def test_a_checkpoint_of_another_config_is_refused(semantic, panoptic, tmp_path):
    (other,) = semantic.folder.glob('best_*.pth')
    with pytest.raises(RuntimeError, match='weights fit'):
        write_report(panoptic.folder, tmp_path / 'page.html', checkpoint=other)
    with pytest.raises(FileNotFoundError, match=r'there is no checkpoint gone\.pth'):
        write_report(panoptic.folder, tmp_path / 'page.html', checkpoint='gone.pth')
    assert not (tmp_path / 'page.html').exists()

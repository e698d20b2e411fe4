"""Results: counted, drawn, and written so that other programs read them."""

import csv
import json

import numpy as np
import pytest
from drawn_results import CLASSES, PICTURE, panoptic, semantic
from PIL import Image
from pycocotools.coco import COCO

from mmmaskattn_runtime import (
    UNLABELLED,
    Classes,
    Result,
    Writer,
    colour_in,
    draw,
    extents,
    panoptic_result,
    safe_colours,
)


def test_counts_areas_and_places():
    result = panoptic()
    assert result.task == 'panoptic'
    assert result.counts() == {'cell': 2, 'dirt': 1}
    assert result.areas() == {'ground': 40 * 60 - 60 - 300 - 9, 'cell': 300, 'dirt': 9}
    first = result.segments[0]
    assert (first.area, first.box, first.centre) == (200, (10, 5, 30, 15), (19.5, 9.5))
    assert (result.labels[0] == UNLABELLED).all()
    assert semantic().task == 'semantic'
    assert semantic().areas() == {'ground': 1800, 'dirt': 600}
    assert [one.score for one in result.above(0.75).instances] == [0.8]
    json.dumps(result.to_dict())


def test_extents_against_numpy():
    ids = np.random.default_rng(0).integers(0, 5, (7, 9))
    ids[ids == 3] = 0
    for number, found in enumerate(extents(ids, 4), 1):
        rows, columns = np.nonzero(ids == number)
        if number == 3:
            assert found is None
        else:
            assert found.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            assert found.area == len(rows)
            assert np.allclose(found.centre, (columns.mean(), rows.mean()), atol=0.01)


def test_colours_are_apart():
    colours = safe_colours(40)
    assert len(set(colours)) == 40
    assert all(0 <= value <= 255 for colour in colours for value in colour)


def test_drawn_pixels():
    result = panoptic()
    drawn = colour_in(PICTURE, result, plain=True)
    assert (drawn[35, 55] == CLASSES.colours[2]).all()
    assert (drawn[0, 0] == (32, 32, 32)).all()  # nothing is said
    assert (drawn[5, 10] == 255).all()
    assert (drawn[9, 20] != 255).any()
    apart = Classes(('cell', 'ground'), things=frozenset({0}))
    two = Result(apart, (40, 60), **panoptic_result(result.segment_ids % 3, apart, [0, 0]))
    drawn = colour_in(PICTURE, two, plain=True)
    assert (drawn[9, 20] != drawn[25, 45]).any()  # two objects of the only class of things


@pytest.mark.parametrize('style', ['overlay', 'map', 'side-by-side'])
@pytest.mark.parametrize('make', [panoptic, semantic])
def test_sheets(style, make):
    sheet = draw(PICTURE, make(), style)
    panels = 2 if style == 'side-by-side' else 1
    assert sheet.shape[0] >= 9 * 40
    assert sheet.shape[1] >= panels * 9 * 60
    assert (sheet[12 + 44 + 1] != 255).any()


def test_wrong_drawings_are_refused():
    with pytest.raises(ValueError, match="style: found 'sketch'"):
        draw(PICTURE, semantic(), 'sketch')
    with pytest.raises(ValueError, match='rows and columns'):
        draw(PICTURE[:5], semantic())
    with pytest.raises(ValueError, match='2 colours for 3 classes'):
        Classes(('a', 'b', 'c'), ((0, 0, 0),) * 2)


def test_written_files_are_read_by_others(tmp_path):
    writer = Writer(tmp_path / 'out', CLASSES)
    for name in ('cells/a.png', 'others/a.png', 'film.mp4#000003'):
        writer.add(panoptic(name), PICTURE)
    names = [path.name for path in writer.close()]
    assert names == ['instances.json', 'maps', 'maps.json', 'objects.csv', 'panoptic', 'panoptic.json', 'pictures']
    stems = ['a.png', 'a_2.png', 'film_000003.png']
    for folder in ('maps', 'panoptic', 'pictures'):
        assert sorted(path.name for path in (tmp_path / 'out' / folder).iterdir()) == stems
    coco = COCO(str(tmp_path / 'out' / 'instances.json'))
    found = coco.loadAnns(coco.getAnnIds(imgIds=[2]))
    assert [one['category_id'] for one in found] == [1, 1, 2]
    assert coco.annToMask(found[0]).sum() == found[0]['area'] == 200
    info = json.loads((tmp_path / 'out' / 'panoptic.json').read_text())['annotations'][0]
    rgb = np.asarray(Image.open(tmp_path / 'out' / 'panoptic' / info['file_name'])).astype(int)
    ids = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]
    assert {one['id']: one['area'] for one in info['segments_info']} == {k: (ids == k).sum() for k in (1, 2, 3, 4)}
    assert (np.asarray(Image.open(tmp_path / 'out' / 'maps' / 'a.png'))[0] == 255).all()
    rows = list(csv.DictReader((tmp_path / 'out' / 'objects.csv').open()))
    assert len(rows) == 9
    assert rows[0]['class'] == 'cell'
    assert (rows[0]['x'], rows[0]['area']) == ('19.5', '200')


def test_any_name_that_a_file_can_have(tmp_path):
    writer = Writer(tmp_path / 'out', CLASSES)
    names = ['caf\udce9.png', 'x' * 251 + '.png', 'a#b.png', '#.png', 'a\nb.png', 'film.mp4#000001']
    for name in names:
        writer.add(semantic(name), PICTURE)
    writer.close()
    maps = sorted(path.name for path in (tmp_path / 'out' / 'maps').iterdir())
    assert maps == sorted(['caf.png', 'x' * 230 + '.png', 'a#b.png', '#.png', 'a\nb.png', 'film_000001.png'])
    assert 'caf\\udce9.png' in (tmp_path / 'out' / 'objects.csv').read_text('utf-8')


def test_a_folder_that_cannot_be_is_refused_at_once(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(NotADirectoryError, match='is no folder that can be written to'):
        Writer(tmp_path / 'file' / 'out', CLASSES)
    (tmp_path / 'link').symlink_to(tmp_path / 'gone')
    with pytest.raises(FileExistsError, match='is there already'):
        Writer(tmp_path / 'link', CLASSES)


def test_formats_and_folders(tmp_path):
    writer = Writer(tmp_path / 'out', CLASSES, ['csv'])
    writer.add(semantic(), PICTURE)
    assert [path.name for path in writer.close()] == ['objects.csv']
    rows = list(csv.reader((tmp_path / 'out' / 'objects.csv').open()))
    assert [row[2:5:2] for row in rows[1:]] == [['ground', '1800'], ['dirt', '600']]
    with pytest.raises(FileExistsError, match='nothing in it is overwritten'):
        Writer(tmp_path / 'out', CLASSES)
    with pytest.raises(ValueError, match="format 'svg' is unknown"):
        Writer(tmp_path / 'new', CLASSES, ['svg'])

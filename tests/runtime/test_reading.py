"""Results read back are those that were written; a folder that is not ours is named in one line."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from drawn_results import CLASSES, PICTURE, panoptic, semantic
from PIL import Image

from mmmaskattn_runtime import Result, ResultsFolder, Writer


def written(folder, results, formats=None):
    writer = Writer(folder, CLASSES, formats)
    for result in results:
        writer.add(result, PICTURE)
    writer.close()
    return folder


def instance(name):
    whole = panoptic(name)
    return Result(classes=CLASSES, size=whole.size, name=name, instances=whole.instances)


@pytest.mark.parametrize('make', [panoptic, semantic, instance])
def test_what_is_read_is_what_was_written(tmp_path, make):
    Image.fromarray(PICTURE).save(tmp_path / 'a.png')
    results = [make(str(tmp_path / 'a.png')), make('gone/a.png')]
    found = ResultsFolder(written(tmp_path / 'out', results))
    assert len(found) == 2
    assert found.names == [one.name for one in results]
    assert found.classes == CLASSES
    for place, result in enumerate(results):
        back = found.result(place)
        assert back.to_dict() == result.to_dict()
        for name in ('labels', 'segment_ids'):
            assert np.array_equal(getattr(back, name), getattr(result, name))
    assert (found.picture(0) == PICTURE).all()
    assert found.picture(1) is None


def test_other_folders(tmp_path):
    with pytest.raises(ValueError, match=r'there is none of maps\.json'):
        ResultsFolder(tmp_path)
    written(tmp_path / 'out', [panoptic(), semantic()], ['csv'])
    with pytest.raises(ValueError, match=r'there is none of maps\.json'):
        ResultsFolder(tmp_path / 'out')
    for content in ('', '[]', '{"images": 3}', '{"images": [], "categories": [1], "annotations": []}', '[' * 10**5):
        (tmp_path / 'panoptic.json').write_text(content)
        with pytest.raises(ValueError, match='not what mmmaskattn predict has written') as found:
            ResultsFolder(tmp_path)
        assert '\n' not in str(found.value)


@pytest.mark.parametrize('change', ['name', 'size', 'gone', 'ids', 'counts'])
def test_files_that_do_not_fit(tmp_path, change):
    folder = written(tmp_path / 'out', [panoptic()])
    (picture,) = (folder / 'panoptic').iterdir()
    name = 'instances.json' if change == 'counts' else 'panoptic.json'
    content = json.loads((folder / name).read_text())
    record = content['annotations'][0]
    if change == 'name':
        shutil.copy(picture, tmp_path / 'outside.png')
        record['file_name'] = '../../outside.png'
    elif change == 'size':
        Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(picture)
    elif change == 'gone':
        picture.unlink()
    elif change == 'ids':
        record['segments_info'][0]['id'] = 77
    else:
        record['segmentation']['counts'] = '11'
    (folder / name).write_text(json.dumps(content))
    with pytest.raises(ValueError, match='not what mmmaskattn predict has written'):
        ResultsFolder(folder).result(0)

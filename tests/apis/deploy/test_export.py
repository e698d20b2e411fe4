"""Exported files: they say what PyTorch says, carry what one needs to use them, and are not kept if they are wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from mmengine.config import Config
from pictures import smooth_photo
from PIL import Image
from random_checkpoint import ROOT
from shared_exports import PUBLISHED, copy_of, many_classes_model, nuclei_pictures, shared_export
from small_data import write_camvid, write_nuclei
from tool_calls import call_tool

from mmmaskattn.apis import MaskAttnInferencer, find_model, resolve_weights
from mmmaskattn.apis.deploy import compare, export, export_model
from mmmaskattn.apis.deploy.compare import drawn_pictures
from mmmaskattn.apis.deploy.evaluate import evaluate_file
from mmmaskattn.apis.deploy.export import check_target
from mmmaskattn.apis.deploy.graph import OUTPUTS
from mmmaskattn.apis.deploy.metadata import KEY
from mmmaskattn.apis.deploy.runtimes import compare_runtimes
from mmmaskattn.apis.model import Model
from mmmaskattn.apis.report.evaluate import evaluate
from mmmaskattn_console.console import main
from mmmaskattn_runtime import load
from mmmaskattn_runtime.onnx_metadata import read_metadata

pytestmark = pytest.mark.slow
RGB = [np.ascontiguousarray(picture[..., ::-1]) for picture in nuclei_pictures()]


@pytest.fixture(scope='module')
def nuclei(tmp_path_factory):
    return shared_export(tmp_path_factory)


@pytest.fixture(scope='module')
def inferencer():
    return MaskAttnInferencer(PUBLISHED, device='cpu')


def test_it_says_what_pytorch_says(nuclei, inferencer):
    found = compare(nuclei, inferencer, RGB)
    assert found.pictures == len(RGB)
    assert found.objects > 50
    assert found.other_objects == 0
    assert found.other_labels <= 1e-4 * found.pixels
    assert found.score < 1e-2


def test_what_goes_in_and_comes_out(nuclei):
    graph = onnx.load(nuclei).graph
    shapes = {
        one.name: [axis.dim_param or axis.dim_value for axis in one.type.tensor_type.shape.dim]
        for one in (*graph.input, *graph.output)
    }
    maps = ['output_height', 'output_width']
    assert shapes == dict(
        pictures=[1, 'height', 'width', 3],
        output_size=[2],
        score=[],
        labels=maps,
        owners=maps,
        classes=['objects'],
        scores=['objects'],
        class_scores=['objects', 1],
    )
    assert not any(node.metadata_props for node in graph.node)  # paths of the machine that recorded it


def test_maps_have_the_size_that_is_asked_for(nuclei):
    found = load(nuclei).outputs(RGB[1], (50, 61))
    assert found['labels'].shape == found['owners'].shape == (50, 61)
    assert found['labels'].dtype == found['owners'].dtype == found['classes'].dtype == np.int32
    assert set(np.unique(found['owners'])) <= {-1, *range(len(found['scores']))}


def test_a_picture_without_objects(nuclei):
    found = load(nuclei).outputs(np.zeros((40, 300, 3), np.uint8))
    assert len(found['scores']) == len(found['classes']) == 1
    assert (found['owners'] == -1).all()
    assert (found['labels'] == 1).all()


def test_the_file_says_what_it_is(nuclei):
    held = json.loads(read_metadata(nuclei)[KEY])
    assert json.loads(nuclei.with_suffix('.json').read_text()) == held
    assert held['classes'] == ['nucleus', 'background']
    assert held['palette'] == [[230, 159, 0], [90, 90, 90]]
    assert (held['format'], held['name'], held['task'], held['things']) == (1, PUBLISHED, 'panoptic', [0])
    assert (held['size'], held['layout'], held['batch'], held['void']) == ([128, 128], 'nhwc', False, 255)
    assert held['thresholds'] == {'score': 0.1, 'instances': 400}
    assert (held['mean'], held['std']) == ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
    assert held['licence'] == 'CC0-1.0'
    assert held['source'] == {'config': 'dsb2018_panoptic_128_tiny', 'sha256': find_model(PUBLISHED).sha256}


def test_a_file_that_disagrees_is_not_kept(nuclei, tmp_path, monkeypatch):
    """The recorder gives the graph of other weights."""
    other = onnx.load(nuclei)
    for one in other.graph.initializer:
        if one.name.endswith('semantic_branch.out.bias'):
            one.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(one) * -5 + 3, one.name))
    monkeypatch.setattr(export, 'record', lambda *_: other)
    (tmp_path / 'mine.onnx').write_text('the one that is good')
    with pytest.raises(RuntimeError, match='the exported file disagrees with PyTorch and is not kept: compared with'):
        export_model(MaskAttnInferencer(PUBLISHED, device='cpu'), tmp_path / 'mine.onnx', nuclei_pictures()[:2])
    assert [path.name for path in tmp_path.iterdir()] == ['mine.onnx']
    assert (tmp_path / 'mine.onnx').read_text() == 'the one that is good'


def test_the_command_replaces_a_file_by_a_good_one(nuclei, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(export, 'record', lambda *_: onnx.load(nuclei))
    Image.fromarray(RGB[0]).save(tmp_path / 'a.png')
    target = tmp_path / 'mine.onnx'
    target.write_text('an older one')
    main(['export', PUBLISHED, '--out', str(target), '--pictures', str(tmp_path / 'a.png')])
    said = capsys.readouterr().out
    assert '0 of 16384 pixels have another label' in said
    assert ' objects are other ones, scores differ by at most' in said
    assert load(target).info.name == PUBLISHED


def test_figures_on_a_data_set_are_those_of_pytorch(nuclei, tmp_path, monkeypatch):
    monkeypatch.setenv('DSB2018_ROOT', str(write_nuclei(tmp_path / 'data', draw=discs)))
    cfg = Config.fromfile(ROOT / 'configs/maskattn/dsb2018_panoptic_128_tiny.py')
    expected = evaluate(cfg, resolve_weights(PUBLISHED), 'test', 1).figures
    figures = evaluate_file(load(nuclei), cfg)
    for name in ('lowres/PQ_things', 'lowres/PQ_stuff', 'lowres/AP'):
        assert figures[name] == pytest.approx(expected[name], abs=0.1)
        assert figures[name] > 20
    assert not any('mIoU' in name for name in figures)


def discs(number: int) -> np.ndarray:
    """Ids of twenty-five nuclei on a background of id 1."""
    rows, columns = np.mgrid[:128, :128]
    inside = (rows % 25 - 12) ** 2 + (columns % 25 - 12) ** 2 < (7 + number) ** 2
    return np.where(inside & (rows < 125) & (columns < 125), 2 + rows // 25 * 5 + columns // 25, 1)


def test_figures_for_the_classes_of_others_are_refused(nuclei, tmp_path):
    root = write_camvid(tmp_path / 'data')
    done = call_tool('deploy/evaluate.py', nuclei, 'nano_camvid_semantic', CAMVID_ROOT=str(root))
    assert done.returncode == 1
    assert done.stderr.startswith('evaluate: the file tells apart nucleus, background; the data have sky, building')


def test_the_runtime_without_torch_gives_the_results_of_the_inferencer(nuclei, inferencer):
    model = load(nuclei)
    for picture in nuclei_pictures():
        found, expected = model(picture), inferencer(picture)
        assert found.counts() == expected.counts()
        assert (found.labels == expected.labels).mean() > 0.999
        if max(picture.shape) < 128:  # such pictures are resized with a grey level of difference here and there
            continue
        assert np.array_equal(found.segment_ids, expected.segment_ids)
        ours, theirs = (sorted((one.box, one.area) for one in result.instances) for result in (found, expected))
        assert ours == theirs
        scores = [one.score for one in expected.instances]
        assert [one.score for one in found.instances] == pytest.approx(scores, abs=1e-4)


def test_the_least_score_reaches_the_panoptic_map(nuclei):
    for score in (0.3, 0.8):
        model, inferencer = load(nuclei, score=score), MaskAttnInferencer(PUBLISHED, device='cpu', score_thr=score)
        for picture in nuclei_pictures()[:3]:
            assert np.array_equal(model(picture).segment_ids, inferencer(picture).segment_ids)
    counts = [load(nuclei, score=score)(nuclei_pictures()[0]).counts() for score in (None, 0.8)]
    assert counts[0]['nucleus'] > counts[1]['nucleus'] > 0


def test_maps_become_larger_by_factors(nuclei):
    """ONNX Runtime has a quicker operator for these than for sizes."""
    graph = onnx.load(nuclei).graph
    held = {one.name: onnx.numpy_helper.to_array(one).tolist() for one in graph.initializer}
    factors = [held.get(node.input[2]) for node in graph.node if node.op_type == 'Resize']
    assert factors.count([1, 1, 2, 2]) >= 4
    assert set(held) <= {name for node in graph.node for name in node.input}, 'runtimes warn of what nobody reads'


def test_runtimes_are_compared(nuclei):
    rows = compare_runtimes(nuclei, RGB[:2], rounds=1)
    assert rows[0].runtime == 'ONNX Runtime'
    assert (rows[0].labels, rows[0].objects, rows[0].reason) == (100, 0, '')
    for row in rows[1:]:  # where OpenVINO is not installed it says so
        assert (
            row.labels > 99.9
            or row.runtime == 'ncnn'
            or 'mmmaskattn[openvino]' in row.reason
            or 'beside it' in row.reason
        )


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['mine.pt'], 'mine.pt: expected a name that ends in .onnx, .pt2 or .ncnn.param'),
        (['mine.onnx', '--dynamic', 'batch'], 'dynamic batch: each picture has a number of objects of its own'),
        (['mine.onnx', '--pictures', 'nowhere'], 'nowhere'),
        (['mine.onnx', '--layout', 'hwc'], "invalid choice: 'hwc'"),
        (['mine.onnx', '--weights', 'nothing.pth'], 'there is no file nothing.pth'),
    ],
)
def test_what_cannot_be_is_said_in_a_line(words, line, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(['export', PUBLISHED, '--out', *words])
    text = end.value.code if isinstance(end.value.code, str) else capsys.readouterr().err
    assert line in text
    assert len(text.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_places_are_refused_before_minutes_are_spent(tmp_path, monkeypatch):
    """Whatever is there stays, also a json of somebody else's beside the file."""
    monkeypatch.chdir(tmp_path)
    Path('file').write_text('no folder')
    Path('mine.json').write_text('{"images": []}')
    Path('folder.json').mkdir()
    Path('loop').symlink_to('nowhere')
    wrong = {
        'file/deep/a.onnx': 'lies in a file',
        'loop/a.onnx': 'lies in a file',
        '/proc/a.onnx': 'nothing can be written to /proc',
        'a\0b.onnx': 'expected a name that ends in .onnx',
        'mine.onnx': 'mine.json: is there already and no description of an exported file',
        'folder.onnx': 'folder.json: is there already',
    }
    for name, line in wrong.items():
        with pytest.raises(ValueError, match=re.escape(line)):
            check_target(Path(name))
    Path('mine.json').write_text('{"format": 1, "task": "semantic", "classes": [], "source": {}}')
    for name in ('mine.onnx', 'missing/deep/a.onnx'):
        check_target(Path(name))
    assert not Path('missing').exists()


def test_an_exported_file_is_not_exported():
    with pytest.raises(ValueError, match=r'mine\.onnx: is an exported file already'):
        Model('mine.onnx').export('other.onnx')


def test_files_that_are_not_ours(nuclei, tmp_path):
    (tmp_path / 'text.onnx').write_text('no model')
    cut = tmp_path / 'cut.onnx'
    cut.write_bytes(nuclei.read_bytes()[:100_000])
    for path in (tmp_path / 'text.onnx', cut):
        with pytest.raises(ValueError, match='export it again: mmmaskattn export'):
            load(path)
    bare = onnx.load(copy_of(nuclei, tmp_path))
    del bare.metadata_props[:]
    onnx.save(bare, tmp_path / 'bare.onnx')
    with pytest.raises(ValueError, match="without the metadata 'mmmaskattn'"):
        load(tmp_path / 'bare.onnx')


@pytest.mark.long
def test_semantic_takes_any_number_of_pictures(tmp_path_factory):
    path = shared_export(tmp_path_factory, 'nano_ccp_semantic')
    inferencer = MaskAttnInferencer('nano_ccp_semantic', device='cpu')
    found = compare(path, inferencer, [smooth_photo((97, 203)), smooth_photo((480, 300)), *drawn_pictures()])
    assert found.other_labels <= 1e-4 * found.pixels
    pictures = np.stack([smooth_photo((150, 120), seed) for seed in range(3)])
    session = load(path)
    (together,) = onnxruntime.InferenceSession(path).run(
        None, dict(pictures=pictures, output_size=np.array([150, 120]))
    )
    for picture, labels in zip(pictures, together):
        assert np.array_equal(session.outputs(picture)['labels'], labels)


@pytest.mark.long
def test_instances_from_panoptic_weights(tmp_path_factory):
    """Trained weights under the instance config; pictures with the channels first."""
    weights = str(ROOT / 'mmmaskattn/weights/tiny_dsb2018_panoptic.safetensors')
    config = str(ROOT / 'configs/maskattn/dsb2018_instance_128_tiny.py')
    path = shared_export(tmp_path_factory, config, weights, layout='nchw')
    assert [one.name for one in onnx.load(path).graph.output] == list(OUTPUTS['instance'])
    found = compare(path, MaskAttnInferencer(config, weights, 'cpu'), RGB)
    assert found.objects > 50
    assert found.other_objects == 0


@pytest.mark.long
def test_many_classes(tmp_path_factory):
    model = many_classes_model(tmp_path_factory.mktemp('coco'))
    path = shared_export(tmp_path_factory, *model)
    found = compare(path, MaskAttnInferencer(*model, device='cpu'), RGB)
    session = load(path)
    assert (len(session.classes.names), len(session.classes.things)) == (133, 80)
    assert len({int(one) for picture in RGB for one in session.outputs(picture)['classes']}) > 3
    assert found.objects > 50
    assert found.other_objects == 0
    assert found.other_labels <= 1e-3 * found.pixels


@pytest.mark.long
def test_int8(nuclei, tmp_path_factory):
    """Calibrated on drawn nuclei."""
    folder = tmp_path_factory.mktemp('shots')
    for number, picture in enumerate(RGB):
        Image.fromarray(picture).save(folder / f'{number}.png')
    path = shared_export(tmp_path_factory, quantize=str(folder))
    assert path.stat().st_size < 0.4 * nuclei.stat().st_size
    found = compare(path, MaskAttnInferencer(PUBLISHED, device='cpu'), RGB)
    assert found.precision == 'int8'
    held = {one.name: onnx.numpy_helper.to_array(one) for one in onnx.load(path).graph.initializer}
    points = {name: value for name, value in held.items() if name.endswith('_zero_point')}
    assert {str(value.dtype) for value in points.values()} == {'uint8', 'int8', 'int32'}
    weights = [value for name, value in held.items() if name.endswith('weight_quantized')]
    assert len(weights) > 10
    assert max(abs(value.astype(int)).max() for value in weights) <= 64  # so that no processor overflows
    assert found.other_labels <= 0.05 * found.pixels

"""Archives of torch.export and networks for ncnn: they say what PyTorch says, and are not kept if they are wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pictures import smooth_photo
from random_checkpoint import ROOT
from shared_exports import PUBLISHED, copy_of, nuclei_pictures, shared_export

from mmmaskattn.apis import MaskAttnInferencer
from mmmaskattn.apis.deploy import compare, export, export_model
from mmmaskattn.apis.deploy.compare import Differences, drawn_pictures
from mmmaskattn.apis.deploy.runtimes import compare_runtimes
from mmmaskattn.apis.model import config_file
from mmmaskattn_console.console import main
from mmmaskattn_runtime import ModelFileError, load

pytestmark = pytest.mark.slow
CLOTHES = 'nano_ccp_semantic'
RGB = [np.ascontiguousarray(picture[..., ::-1]) for picture in nuclei_pictures()]
PHOTOS = [smooth_photo((97, 203)), smooth_photo((480, 300)), *drawn_pictures()]


@pytest.fixture(scope='module')
def clothes():
    return MaskAttnInferencer(CLOTHES, device='cpu')


@pytest.mark.long
def test_an_archive_finds_what_pytorch_finds(tmp_path_factory):
    path = shared_export(tmp_path_factory, suffix='.pt2')
    found = compare(path, MaskAttnInferencer(PUBLISHED, device='cpu'), RGB)
    assert found.objects > 50
    assert (found.other_objects, found.other_labels) == (0, 0)
    assert found.score < 1e-2
    assert str(ROOT).encode() not in path.read_bytes()


def test_an_archive_takes_several_pictures_and_needs_none_of_our_code(clothes, tmp_path_factory):
    path = shared_export(tmp_path_factory, CLOTHES, suffix='.pt2')
    assert compare(path, clothes, PHOTOS).other_labels == 0
    said = {'mmmaskattn': ''}
    module = torch.export.load(path, extra_files=said).module()
    assert json.loads(said['mmmaskattn']) == json.loads(path.with_name(f'{path.name}.json').read_text())
    pictures = np.stack([smooth_photo((150, 120), seed) for seed in range(3)])
    labels = module(torch.from_numpy(pictures), torch.tensor([150, 120]))
    for picture, found in zip(pictures, labels.numpy()):
        assert np.array_equal(found, clothes(picture[..., ::-1]).labels)


def test_ncnn_labels_what_pytorch_labels(clothes, tmp_path_factory):
    path = shared_export(tmp_path_factory, CLOTHES, suffix='.ncnn.param')
    assert {one.name for one in path.parent.glob(f'{CLOTHES}.ncnn.*')} >= {
        f'{CLOTHES}.ncnn.{ending}' for ending in ('param', 'bin', 'json')
    }
    assert compare(path, clothes, PHOTOS).other_labels <= 1e-4 * sum(one[..., 0].size for one in PHOTOS)
    said = export.Exported(
        path, path.with_suffix('.json'), json.loads(path.with_suffix('.json').read_text()), Differences()
    )
    size = path.stat().st_size + path.with_suffix('.bin').stat().st_size
    assert said.lines()[0].startswith(f'{path} and {CLOTHES}.ncnn.bin: {size / 1e6:.2f} MB')


@pytest.mark.parametrize('suffix', ['.pt2', '.ncnn.param'])
def test_files_for_other_runtimes_are_told_apart(suffix, tmp_path):
    (tmp_path / f'clothes{suffix}').write_bytes(b'7767517')
    with pytest.raises(ValueError, match=r'was exported for another runtime .* expected \*\.onnx or a config'):
        config_file(tmp_path / f'clothes{suffix}')
    with pytest.raises(ModelFileError, match=r'expected \*\.onnx, no other is read'):
        load(tmp_path / f'clothes{suffix}')


def test_ncnn_takes_the_levels_of_a_picture_of_the_size_of_the_network(clothes, tmp_path_factory):
    """Without a line of ours: what docs/how-to/export.md shows."""
    import ncnn

    path = shared_export(tmp_path_factory, CLOTHES, suffix='.ncnn.param')
    picture = smooth_photo((480, 300))
    small = cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA)
    net = ncnn.Net()
    net.load_param(str(path))
    net.load_model(str(path.with_suffix('.bin')))
    with net.create_extractor() as extractor:
        extractor.input('in0', ncnn.Mat.from_pixels(small, ncnn.Mat.PixelType.PIXEL_RGB, 128, 128))
        logits = np.array(extractor.extract('out0')[1])
    labels = cv2.resize(logits.transpose(1, 2, 0), (300, 480)).argmax(2)
    assert (labels == clothes(picture[..., ::-1]).labels).mean() > 0.99


@pytest.mark.long
def test_ncnn_labels_by_a_model_that_finds_objects(tmp_path_factory):
    path = shared_export(tmp_path_factory, suffix='.ncnn.param', task='semantic')
    found = compare(path, MaskAttnInferencer(PUBLISHED, None, 'cpu', 'semantic'), RGB)
    assert found.other_labels <= 1e-4 * found.pixels


@pytest.mark.parametrize('suffix', ['.pt2', '.ncnn.param'])
def test_a_file_that_disagrees_is_not_kept(suffix, clothes, tmp_path_factory, tmp_path, monkeypatch):
    """The recorder turns channels round."""
    graph_of = export.graph_of

    def wrong(*given):
        graph = graph_of(*given)
        graph.picture.flipped = True
        return graph

    monkeypatch.setattr(export, 'graph_of', wrong)
    (tmp_path / f'mine{suffix}').write_text('the one that is good')
    with pytest.raises(RuntimeError, match='the exported file disagrees with PyTorch and is not kept: compared with'):
        export_model(clothes, tmp_path / f'mine{suffix}')
    assert [path.name for path in tmp_path.iterdir()] == [f'mine{suffix}']
    assert (tmp_path / f'mine{suffix}').read_text() == 'the one that is good'


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['a.ncnn.param'], '.ncnn.param: ncnn has no operators to group pixels to objects, and this task is panoptic'),
        (['a.pt2', '--quantize', '.'], 'quantize: .pt2 has none; expected a name that ends in .onnx'),
        (['a.pt2', '--attention'], 'attention: .pt2 has none'),
        (['a.ncnn.param', '--task', 'semantic', '--dynamic', 'size'], '.ncnn.param takes one picture of the size of'),
        (['a.pt2', '--dynamic', 'batch'], 'dynamic batch: each picture has a number of objects of its own'),
        (['taken.ncnn.param', '--task', 'semantic'], 'taken.ncnn.bin: is there already and no description of an'),
    ],
)
def test_what_a_format_cannot_have_is_said_in_a_line(words, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('taken.ncnn.bin').write_text('of somebody else')
    with pytest.raises(SystemExit) as end:
        main(['export', PUBLISHED, '--out', *words])
    assert line in end.value.code
    assert len(end.value.code.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ['taken.ncnn.bin']


@pytest.mark.long
def test_files_beside_are_compared_in_their_runtimes(tmp_path_factory):
    for suffix in ('.pt2', '.ncnn.param', '.onnx'):
        path = shared_export(tmp_path_factory, CLOTHES, suffix=suffix)
    rows = {row.runtime: row for row in compare_runtimes(path, PHOTOS[:3], rounds=1)}
    for name in ('torch.export', 'ncnn'):
        assert (rows[name].reason, rows[name].labels > 99.9) == ('', True)
        assert rows[name].milliseconds > 0


def test_a_file_beside_must_be_of_the_same_model(tmp_path_factory, tmp_path):
    copy_of(shared_export(tmp_path_factory), tmp_path)
    shutil.copy(shared_export(tmp_path_factory, CLOTHES, suffix='.pt2'), tmp_path / f'{PUBLISHED}.pt2')
    rows = {row.runtime: row for row in compare_runtimes(tmp_path / f'{PUBLISHED}.onnx', RGB[:1], rounds=1)}
    assert rows['torch.export'].reason == f'{PUBLISHED}.pt2 is of another model'
    assert rows['ncnn'].reason == 'has no operators to group pixels to objects'


def test_an_archive_that_is_none_is_refused(clothes, tmp_path):
    (tmp_path / 'text.pt2').write_text('no archive')
    torch.save({}, tmp_path / 'weights.pt2')
    for name in ('text.pt2', 'weights.pt2'):
        with pytest.raises(ModelFileError, match=r'\.pt2: is no archive of torch.export'):
            compare(tmp_path / name, clothes, PHOTOS[:1])

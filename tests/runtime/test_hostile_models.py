"""Files that are no exported models, or lie: each is refused in one line that names it."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from exported_files import ATTENTION_NAMES, make_model, metadata, write_model

from mmmaskattn_runtime import ModelFileError, load
from mmmaskattn_runtime.onnx_metadata import read_metadata

PICTURE = np.zeros((20, 30, 3), np.uint8)


def refusal(path, run=False):
    with pytest.raises(ModelFileError) as found:
        load(path)(PICTURE) if run else load(path)
    assert str(path) in str(found.value)
    assert '\n' not in str(found.value)
    assert len(str(found.value)) < 500
    return str(found.value)


def test_metadata_as_onnx_reads_them(tmp_path):
    path = write_model(tmp_path / 'a.onnx', 'panoptic')
    expected = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert read_metadata(path) == expected
    assert load(path).info.source == dict(config='drawn', sha256='0' * 64)


@pytest.mark.parametrize(
    ('content', 'said'),
    [
        (b'', 'no graph'),
        (b'\x89PNG\r\n\x1a\n' + bytes(100), 'no ONNX file'),
        (b'<html>', 'no ONNX file'),
        (bytes(1000), 'no field at byte 0'),
        (b'\xff' * 30, 'more than 64 bits'),
        (b'\x3a\x80', 'ends within a number'),
    ],
)
def test_other_files(tmp_path, content, said):
    path = tmp_path / 'a.onnx'
    path.write_bytes(content)
    assert said in refusal(path)


def test_a_file_cut_short_anywhere(tmp_path):
    whole = write_model(tmp_path / 'whole.onnx', 'panoptic').read_bytes()
    for part in range(0, len(whole) - 1, len(whole) // 40):
        path = tmp_path / 'cut.onnx'
        path.write_bytes(whole[:part])
        refusal(path)


def test_no_file(tmp_path):
    assert 'No such file' in refusal(tmp_path / 'gone.onnx')
    assert 'directory' in refusal(tmp_path)


def test_another_onnx(tmp_path):
    model = make_model('semantic')
    del model.metadata_props[:]
    onnx.save(model, tmp_path / 'a.onnx')
    assert 'not exported by us' in refusal(tmp_path / 'a.onnx')


WRONG = {
    'format': [2, None, '1', True + 1],
    'name': [None, 3, ['a']],
    'task': ['depth', None, 3, ['semantic']],
    'classes': [None, [], 'cell', [1, 2], {'a': 1}, ['a'] * 40000],
    'palette': [[[0, 0, 0]], [[0, 0, 300]] * 3, 'red', 5, [['a']] * 3, [[0.5, 0, 0]] * 3],
    'things': [[5], [-1], ['cell'], [0, 0], 'cell', 7, [[0]], []],
    'size': [None, 128, [128], [0, 128], [128, 10**9], ['128', '128'], [1.5, 2]],
    'layout': ['hwc', 3, []],
    'thresholds': [3, dict(score=2), dict(score='high'), dict(score=float('nan')), dict(instances=0)],
    'attention': ['all', [3], [['a']], ['a', 'a'], {'a': 1}],
    'licence': [['MIT']],
}


@pytest.mark.parametrize(('key', 'value'), [(key, value) for key, values in WRONG.items() for value in values])
def test_wrong_metadata(tmp_path, key, value):
    said = refusal(write_model(tmp_path / 'a.onnx', 'panoptic', **{key: value}))
    assert f"'{key}'" in said or "'score'" in said or "'instances'" in said
    assert 'expected' in said


@pytest.mark.parametrize('text', ['', '{', '[' * 100000, 'null', '[]', '"text"', '{}', '1' * 5000])
def test_metadata_that_are_no_object(tmp_path, text):
    onnx.save(make_model('panoptic', text=text), tmp_path / 'a.onnx')
    refusal(tmp_path / 'a.onnx')


def test_metadata_that_are_huge(tmp_path):
    onnx.save(make_model('panoptic', text=json.dumps(metadata('panoptic', licence='x' * 2**23))), tmp_path / 'a.onnx')
    assert 'expected at most' in refusal(tmp_path / 'a.onnx')


def test_another_network_under_our_metadata(tmp_path):
    path = tmp_path / 'a.onnx'
    onnx.save(make_model('semantic', text=json.dumps(metadata('panoptic'))), path)
    assert 'without the output' in refusal(path)
    model = make_model('semantic')
    model.graph.input[0].name = 'x'
    model.graph.node[0].input[0] = 'x'
    onnx.save(model, path)
    assert "its inputs are 'x'" in refusal(path)
    model = make_model('semantic')
    model.graph.node[0].op_type = 'Unheard'
    onnx.save(model, path)
    assert 'onnxruntime refuses it' in refusal(path)


def changed_constant(path, name, value, model=None):
    """A model, a panoptic one by default, of which one constant is another."""
    model = model or make_model('panoptic')
    for one in model.graph.initializer:
        if one.name == name:
            one.CopyFrom(onnx.numpy_helper.from_array(value, name))
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('of_scores', np.array([0.9, np.nan, 0.5, 0.9], np.float32)),
        ('of_scores', np.array([0.9, 7, 0.5, 0.9], np.float32)),
        ('of_scores', np.array([0.9], np.float32)),
        ('of_class_scores', np.zeros((4, 3), np.float32)),
        ('of_class_scores', np.zeros((2, 2), np.float32)),
        ('of_quarters', np.array([0, 0, 99, 0], np.int32)),
        ('of_quarters', np.array([[0, 0], [1, 0]], np.int32)),
        ('minus_one', np.int64(-7)),
        ('minus_one', np.int64(4)),
        ('network_size', np.array([0, 0], np.int64)),
        ('network_size', np.array([32, 32, 32], np.int64)),
    ],
)
def test_outputs_that_cannot_be(tmp_path, name, value):
    refusal(changed_constant(tmp_path / 'a.onnx', name, value), run=True)


def test_attention_that_cannot_be(tmp_path):
    """Maps that are not there, too few, or beyond 0 to 1."""
    text = json.dumps(metadata('semantic', attention=['1: encoder 32x32']))
    onnx.save(make_model('semantic', text=text), tmp_path / 'a.onnx')
    assert "without the output 'attention'" in refusal(tmp_path / 'a.onnx')
    onnx.save(make_model('semantic', text=text, attention=True), tmp_path / 'a.onnx')
    with pytest.raises(ModelFileError, match=r"a\.onnx: output 'attention': found float32 \(1, 2, 32, 32\), expected"):
        load(tmp_path / 'a.onnx').attention(PICTURE)
    path = changed_constant(tmp_path / 'a.onnx', 'unit', np.float32(9), make_model('semantic', attention=True))
    with pytest.raises(ModelFileError, match=r'found 0\.0 to 9\.0, expected 0 to 1'):
        load(with_names(path)).attention(PICTURE)


def with_names(path):
    """A file whose metadata name two maps of attention."""
    model = onnx.load(path)
    model.metadata_props[0].value = json.dumps(metadata('semantic', attention=ATTENTION_NAMES))
    onnx.save(model, path)
    return path

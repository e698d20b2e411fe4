"""The streaming reader gives what json gives, whatever the size of its bites, and says when a file is cut short."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmmaskattn.data_tools.json_stream import stream_lists
from mmmaskattn.data_tools.prepare import json_stream

CONTENT = {
    'info': {'year': 2017, 'list': [1, 2]},
    'number': -12.5e3,
    'images': [{'id': 1, 'file_name': 'a "quoted", [odd] {name}.jpg'}, {'id': 2, 'file_name': 'é\n'}],
    'empty': [],
    'values': [10, 200, None, True, 'x', [3, [4]]],
}


@pytest.mark.parametrize('chunk', [1, 2, 7, 64, 1 << 20])
@pytest.mark.parametrize('indent', [None, 2])
def test_equals_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, indent: int | None):
    monkeypatch.setattr(json_stream, 'CHUNK', chunk)
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(CONTENT, indent=indent), encoding='utf-8')
    expected = [(key, item) for key, value in CONTENT.items() if isinstance(value, list) for item in value]
    assert list(stream_lists(path)) == expected


@pytest.mark.parametrize('keep', [0.0, 0.2, 0.5, 0.8, 0.99])
def test_a_file_cut_short_is_named(tmp_path: Path, keep: float):
    text = json.dumps(CONTENT)
    path = tmp_path / 'short.json'
    path.write_text(text[: int(len(text) * keep)], encoding='utf-8')
    with pytest.raises(ValueError, match=r'short\.json: no valid json'):
        list(stream_lists(path))


@pytest.mark.parametrize('text', ['[1, 2]', '{"a" [1]}', '{"a": [1 2]}', '{"a": [1], }'])
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: str):
    path = tmp_path / 'wrong.json'
    path.write_text(text, encoding='utf-8')
    with pytest.raises(ValueError, match=r'wrong\.json: no valid json'):
        list(stream_lists(path))


def test_an_empty_object_has_no_lists(tmp_path: Path):
    path = tmp_path / 'a.json'
    path.write_text(' {} ', encoding='utf-8')
    assert list(stream_lists(path)) == []

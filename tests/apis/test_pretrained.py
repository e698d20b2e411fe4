"""A saved folder is enough to have the model again; a repository is such a folder."""

from __future__ import annotations

import base64
import http.server
import json
import shutil
import threading
from dataclasses import replace

import pytest
import torch
from huggingface_hub import constants
from mmengine.config import Config
from tool_calls import ROOT

from mmmaskattn.analysis import read_config
from mmmaskattn.analysis.models import build_seeded_model, random_images
from mmmaskattn.apis import find_model
from mmmaskattn.apis.pretrained import from_pretrained, push_to_hub, read_values, save_pretrained
from mmmaskattn.utils.safetensors_file import read_weights

NAMES = ['dsb2018_panoptic_128_nano', 'camvid_semantic_128_nano']


def outputs(model):
    with torch.inference_mode():
        found = model.eval()(random_images((64, 64), 2), mode='tensor')
    return found if isinstance(found, (list, tuple)) else [found]


def config_of(name):
    return read_config(ROOT / f'configs/maskattn/{name}.py')


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    """A semantic model in a folder."""
    cfg = config_of('camvid_semantic_128_nano')
    model = build_seeded_model(cfg)
    return model, save_pretrained(model, tmp_path_factory.mktemp('saved') / 'model', cfg, licence='CC0-1.0')


@pytest.mark.parametrize('name', NAMES)
def test_a_folder_alone_is_enough(name, tmp_path, monkeypatch):
    cfg = config_of(name)
    model = build_seeded_model(cfg)
    save_pretrained(model, tmp_path / 'a', cfg)
    monkeypatch.chdir(tmp_path)
    again = from_pretrained('a')
    assert all(torch.equal(one, two) for one, two in zip(outputs(again), outputs(model)))
    assert again.cfg.model.to_dict() == cfg.model.to_dict()
    assert again.cfg.test_dataloader == cfg.test_dataloader
    assert len(again.dataset_meta['classes']) == (11 if 'camvid' in name else 2)
    assert len(again.dataset_meta['palette']) == len(again.dataset_meta['classes'])
    save_pretrained(again, tmp_path / 'b')  # its config is its own
    weights = [read_weights(tmp_path / folder / 'model.safetensors')[0] for folder in 'ab']
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_half_precision_stays_near(saved, tmp_path):
    model, whole = saved
    save_pretrained(model, tmp_path / 'half', config_of('camvid_semantic_128_nano'), half=True)
    sizes = [(folder / 'model.safetensors').stat().st_size for folder in (whole, tmp_path / 'half')]
    assert sizes[1] < 0.6 * sizes[0]
    (found,), (expected,) = outputs(from_pretrained(tmp_path / 'half')), outputs(model)
    assert 0 < (found - expected).abs().max() <= 0.02 * expected.abs().max()


def test_the_config_is_read_as_values_and_mmengine_reads_it_too(saved, tmp_path):
    path = saved[1] / 'config.py'
    assert read_values(path).to_dict() == Config.fromfile(path).to_dict()
    for line in ('import os', 'a = __import__("os").getcwd()', 'a = [open("x")]', 'a, b = 1, 2', 'a ='):
        bad = tmp_path / 'config.py'
        bad.write_text(f'x = 1\n{line}\n')
        with pytest.raises(ValueError, match=r'config\.py: .*expected values only') as error:
            read_values(bad)
        assert '\n' not in str(error.value)


def test_nothing_is_overwritten_and_a_model_without_config_is_refused(saved, tmp_path):
    model, folder = saved
    with pytest.raises(FileExistsError, match='not overwritten'):
        save_pretrained(model, folder, config_of('camvid_semantic_128_nano'))
    with pytest.raises(ValueError, match='has no cfg; hand its config over'):
        save_pretrained(torch.nn.Linear(1, 1), tmp_path / 'a')
    with pytest.raises(FileNotFoundError, match=r'there is no .*config\.py'):
        from_pretrained(tmp_path)


def test_a_name_of_the_index(saved, monkeypatch):
    entry = replace(find_model('nano_camvid_semantic'), weights=str(saved[1] / 'model.safetensors'))
    monkeypatch.setattr('mmmaskattn.apis.pretrained.find_model', {'nano_camvid_semantic': entry}.__getitem__)
    assert torch.equal(outputs(from_pretrained('nano_camvid_semantic'))[0], outputs(saved[0])[0])
    monkeypatch.undo()
    with pytest.raises(LookupError, match='there is no model nano_camvid; did you mean'):
        from_pretrained('nano_camvid')


def test_a_repository_in_the_cache(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path))
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    repository = tmp_path / 'models--owner--roads'
    (repository / 'refs').mkdir(parents=True)
    (repository / 'refs/main').write_text('c' * 40)
    shutil.copytree(saved[1], repository / 'snapshots' / ('c' * 40))
    for source in ('owner/roads', 'hf://owner/roads', f'owner/roads@{"c" * 40}'):
        assert torch.equal(outputs(from_pretrained(source))[0], outputs(saved[0])[0])
    with pytest.raises(OSError, match=r'hf://owner/streets/config\.py is not in the cache and cannot be had'):
        from_pretrained('owner/streets')


class SmallHub(http.server.BaseHTTPRequestHandler):
    """As much of a hub as a push of small files asks for."""

    files: dict[str, bytes] = {}

    def do_POST(self):
        content = self.rfile.read(int(self.headers['Content-Length']))
        address = f'http://127.0.0.1:{self.server.server_port}/owner/roads'
        if '/preupload/' in self.path:
            names = [one['path'] for one in json.loads(content)['files']]
            self.answer(files=[{'path': name, 'uploadMode': 'regular', 'shouldIgnore': False} for name in names])
        elif '/commit/' in self.path:
            lines = [json.loads(line) for line in content.splitlines()]
            found = [line['value'] for line in lines if line['key'] == 'file']
            self.files.update({one['path']: base64.b64decode(one['content']) for one in found})
            self.answer(commitUrl=f'{address}/commit/1', commitOid='1')
        else:
            self.answer(url=address)

    def do_GET(self):
        self.answer(id='owner/roads', siblings=[], sha='1')

    def answer(self, **content):
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *args):
        """Say nothing."""


def test_a_push_puts_the_folder_into_the_repository(saved, tmp_path):
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), SmallHub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f'http://127.0.0.1:{server.server_port}'
        cfg = config_of('camvid_semantic_128_nano')
        url = push_to_hub(saved[0], 'owner/roads', cfg, token='hf_none', endpoint=endpoint, licence='CC0-1.0')
        server.shutdown()
    assert url.endswith('/owner/roads')
    assert set(SmallHub.files) >= {'config.py', 'model.safetensors', 'README.md'}
    for name, content in SmallHub.files.items():
        (tmp_path / name).write_bytes(content)
    assert torch.equal(outputs(from_pretrained(tmp_path))[0], outputs(saved[0])[0])
    assert 'CC0-1.0' in (tmp_path / 'README.md').read_text()


def test_a_hub_that_is_not_there_is_one_line(saved):
    cfg = config_of('camvid_semantic_128_nano')
    with pytest.raises(OSError, match=r'^owner/roads cannot be pushed: .*') as error:
        push_to_hub(saved[0], 'owner/roads', cfg, token='hf_none', endpoint='http://127.0.0.1:9')
    assert '\n' not in str(error.value)

"""Weights are found by name, path, address and repository, without a network where the file is there."""

from __future__ import annotations

import http.server
import threading
from dataclasses import replace
from functools import partial

import pytest
from huggingface_hub import constants

from mmmaskattn.apis import find_model, resolve_weights
from mmmaskattn.apis.weights import file_sha256

CONTENT = b'weights'
SHA256 = 'dac88a7a8aa3b2fd73db01b30d4bb4a31b5f8a1d8e4b0ff4a5b8b4f3a9d5cb4f'


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    """A cache of huggingface_hub with one file of one repository, as a download would leave it; no network."""
    repository = tmp_path / 'hub/models--owner--nuclei'
    (repository / 'refs').mkdir(parents=True)
    (repository / 'refs/main').write_text('c' * 40)
    snapshot = repository / 'snapshots' / ('c' * 40)
    snapshot.mkdir(parents=True)
    (snapshot / 'nano.safetensors').write_bytes(CONTENT)
    monkeypatch.setattr(constants, 'HF_HUB_CACHE', str(tmp_path / 'hub'))
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', True)
    return snapshot


def test_a_path_and_its_sha256(tmp_path):
    path = tmp_path / 'a.safetensors'
    path.write_bytes(CONTENT)
    assert resolve_weights(path, file_sha256(path)) == path
    with pytest.raises(ValueError, match=rf'a\.safetensors: sha256 is {file_sha256(path)}, expected {SHA256}; '):
        resolve_weights(path, SHA256)


def test_the_sha256_of_the_index_is_always_checked(tmp_path):
    path = tmp_path / 'a.safetensors'
    path.write_bytes(CONTENT)
    entry = replace(find_model('nano_dsb2018_panoptic'), weights=str(path), sha256=file_sha256(path))
    assert resolve_weights(entry) == path
    path.write_bytes(b'other')
    with pytest.raises(ValueError, match='sha256'):
        resolve_weights(entry)


def test_a_file_inside_the_package_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('mmmaskattn.apis.weights.PACKAGE', tmp_path / 'site/mmmaskattn')
    path = tmp_path / 'site/mmmaskattn/weights/a.safetensors'
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    entry = replace(find_model('nano_dsb2018_panoptic'), weights='mmmaskattn/weights/a.safetensors', sha256=None)
    assert resolve_weights(entry) == path


def test_an_address_is_downloaded_once(tmp_path, monkeypatch):
    (tmp_path / 'served').mkdir()
    (tmp_path / 'served/a.pth').write_bytes(CONTENT)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / 'served'))
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f'http://127.0.0.1:{server.server_port}/a.pth'
        path = resolve_weights(address)
        with pytest.raises(OSError, match=r'/b\.pth cannot be downloaded .*404.*; put the file at .*b\.pth'):
            resolve_weights(address.replace('/a', '/b'))
        server.shutdown()
    assert path == tmp_path / 'torch/hub/checkpoints/a.pth'
    assert resolve_weights(address) == path, 'asked the server again, which is gone'
    assert path.read_bytes() == CONTENT


def test_a_repository_is_read_from_the_cache(hub_cache):
    assert resolve_weights('hf://owner/nuclei/nano.safetensors') == hub_cache / 'nano.safetensors'
    assert resolve_weights(f'hf://owner/nuclei@{"c" * 40}/nano.safetensors') == hub_cache / 'nano.safetensors'
    with pytest.raises(ValueError, match='expected hf://OWNER/REPOSITORY/FILE'):
        resolve_weights('hf://owner')


def test_what_the_cache_lacks_is_said_in_one_line(hub_cache):
    with pytest.raises(OSError, match=r'^hf://owner/nuclei/tiny\.safetensors is not in the cache and cannot') as error:
        resolve_weights('hf://owner/nuclei/tiny.safetensors')
    assert '\n' not in str(error.value)


def test_without_huggingface_hub_the_extra_is_named(hub_cache, monkeypatch):
    monkeypatch.setattr('mmmaskattn.apis.hub.find_spec', lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'mmmaskattn\[hub\]'"):
        resolve_weights('hf://owner/nuclei/nano.safetensors')


def test_a_model_without_weights_and_a_name_that_is_none():
    unpublished = replace(find_model('nano_dsb2018_panoptic'), weights=None)
    with pytest.raises(LookupError, match=r'no weights of nano_dsb2018_panoptic are published; .*tools/train\.py'):
        resolve_weights(unpublished)
    with pytest.raises(FileNotFoundError, match=r'there is no file nano_dsb2018_panoptc .*did you mean nano_dsb2018_p'):
        resolve_weights('nano_dsb2018_panoptc')

"""The runtime in an environment made from scratch, which holds its own dependencies and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from exported_files import write_model
from PIL import Image

from mmmaskattn_runtime import load

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import importlib.util, json, sys
from mmmaskattn_runtime import load
for name in ('torch', 'mmengine', 'mmcv', 'mmseg', 'mmdet', 'cv2', 'mmmaskattn'):
    assert importlib.util.find_spec(name) is None, name
print(json.dumps(load(sys.argv[1])(sys.argv[2]).to_dict()))
"""


def run(*words, **options):
    environment = {key: value for key, value in os.environ.items() if not key.startswith('PYTHON')}
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, env=environment,
                          **options)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_it_runs_where_only_its_dependencies_are(tmp_path):
    shutil.copytree(ROOT / 'runtime', tmp_path / 'runtime', ignore=shutil.ignore_patterns('build', '*.egg-info'))
    venv.create(tmp_path / 'venv', with_pip=True)
    python = tmp_path / 'venv' / ('Scripts' if sys.platform == 'win32' else 'bin') / 'python'
    run(python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', tmp_path / 'runtime')
    file, picture = write_model(tmp_path / 'a.onnx', 'panoptic'), tmp_path / 'a.png'
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (97, 203, 3)).astype(np.uint8)).save(picture)
    assert run(python, '-c', SCRIPT, file, picture, cwd=tmp_path).strip() == json_of(load(file)(picture))
    said = run(python, '-m', 'mmmaskattn_runtime', file, picture, '--out', tmp_path / 'out', cwd=tmp_path)
    assert 'written:' in said
    film = tmp_path / 'film.mp4'
    film.touch()
    done = subprocess.run([python, '-m', 'mmmaskattn_runtime', file, film], capture_output=True, text=True, check=False,
                          cwd=tmp_path, env={**os.environ, 'PYTHONPATH': ''})  # fmt: skip
    assert "pip install 'mmmaskattn-runtime[video]'" in done.stderr


def json_of(result):
    return json.dumps(result.to_dict())

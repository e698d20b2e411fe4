"""Supported versions are written once, in mmmaskattn/version.py; every other place reads them or agrees with them."""

import re
import runpy
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import setuptools
import yaml
from packaging.requirements import Requirement

from mmmaskattn.version import SUPPORTED, __version__

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def setup_options(monkeypatch) -> dict:
    """What setup.py gives to setuptools."""
    found: dict = {}
    monkeypatch.setattr(setuptools, 'setup', found.update)
    runpy.run_path(str(ROOT / 'setup.py'))
    return found


def pyproject() -> str:
    return (ROOT / 'pyproject.toml').read_text()


def commands(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text().splitlines()]


def test_every_newest_version_is_the_one_that_the_tests_run_with():
    installed = {name: version(name) for name in SUPPORTED if name != 'python'}
    newest = {name: found for name, (_, found) in SUPPORTED.items() if name != 'python'}
    assert {name: found.split('+')[0] for name, found in installed.items() if not found.startswith(newest[name])} == {}


def test_setup_requires_the_oldest_versions_and_caps_what_hosts_refuse(setup_options):
    required = {one.name: one.specifier for one in map(Requirement, setup_options['install_requires'])}
    for name, (oldest, newest) in SUPPORTED.items():
        if name != 'python':
            assert {str(one) for one in required[name] if one.operator == '>='} == {f'>={oldest}'}
            assert newest in required[name]
    assert setup_options['python_requires'] == f'>={SUPPORTED["python"][0]}'
    assert '2.2.0' not in required['mmcv'], 'mmseg and mmdet refuse it'
    assert setup_options['version'] == __version__


def test_set_up_pins_the_newest_versions(tmp_path):
    """The script's functions, without its last line, which starts the set-up."""
    script = (ROOT / 'tools/setup_env.sh').read_text().replace('setup_locked || exit 1', '')
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools/functions.sh').write_text(script)
    (tmp_path / 'mmmaskattn').symlink_to(ROOT / 'mmmaskattn')
    command = f'unset MMMASKATTN_TORCH; source {tmp_path}/tools/functions.sh; '
    command += 'echo $OLDEST_PYTHON $TORCH_REQUIREMENT $MMCV_VERSION ${HOST_REQUIREMENTS[@]}'
    printed = subprocess.run(['bash', '-c', command], capture_output=True, text=True, check=True).stdout.split()
    newest = {name: found for name, (_, found) in SUPPORTED.items()}
    hosts = [f'{name}=={newest[name]}' for name in ('mmengine', 'mmsegmentation', 'mmdet')]
    assert printed[:-2] == [SUPPORTED['python'][0], f'torch=={newest["torch"]}', newest['mmcv'], *hosts]


def test_readme_shows_them():
    text = (ROOT / 'README.md').read_text()
    rows = dict(re.findall(r'^\| ([\w-]+) +\| ([\d.]+ +\| [\d.]+) +\|$', text, re.MULTILINE))
    shown = {name.lower(): tuple(re.split(r' +\| ', row)) for name, row in rows.items()}
    assert {name: shown.get(name) for name in SUPPORTED} == SUPPORTED


def test_style_and_type_checks_are_those_of_the_oldest_and_the_newest_python():
    oldest, newest = SUPPORTED['python']
    assert re.search(r'^target-version = "(\w+)"', pyproject(), re.MULTILINE).group(1) == f'py{oldest.replace(".", "")}'
    assert re.search(r'^python_version = "([\d.]+)"', pyproject(), re.MULTILINE).group(1) == newest


def test_public_ci_runs_what_ci_runs_on_the_newest_python():
    workflow = yaml.safe_load((ROOT / '.github/workflows/ci.yml').read_text())
    (job,) = workflow['jobs'].values()
    assert [step['run'] for step in job['steps'] if 'run' in step][-1] == '.ci/run'
    assert [step['with']['python-version'] for step in job['steps'] if 'python-version' in step.get('with', {})] == [
        SUPPORTED['python'][1]
    ]


def test_pre_commit_runs_the_commands_of_ci_with_the_versions_that_setup_allows(setup_options):
    """The hooks call what is installed, so no version is written twice; CI's environment is made from the same list."""
    (repository,) = yaml.safe_load((ROOT / '.pre-commit-config.yaml').read_text())['repos']
    assert repository['repo'] == 'local'
    assert {hook['language'] for hook in repository['hooks']} == {'system'}
    entries = [hook['entry'] for hook in repository['hooks']]
    checks = [line for line in commands(ROOT / '.ci/run') if line.split()[0:1] in (['ruff'], ['mypy'])]
    assert [entry.replace(' --force-exclude', '') for entry in entries] == [
        line.removesuffix(' .').replace(' --check', '') for line in checks
    ]
    allowed = {one.name: one.specifier for one in map(Requirement, setup_options['extras_require']['tests'])}
    for tool in {entry.split()[0] for entry in entries}:
        assert version(tool) in allowed[tool], f'{tool}: run tools/setup_env.sh again'


def test_citation_is_of_this_version_and_names_its_licence():
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    assert citation['version'] == __version__
    assert citation['license'] == 'Apache-2.0'
    assert len(citation['references']) == 3


def test_changelog_begins_with_what_is_not_released_or_with_this_version():
    headings = re.findall(r'^## \[(.+?)\]', (ROOT / 'CHANGELOG.md').read_text(), re.MULTILINE)
    assert headings[0] == 'Unreleased'
    assert headings[1:2] in ([], [__version__])


def test_reading_versions_needs_no_torch():
    code = "import runpy, sys; runpy.run_path('mmmaskattn/version.py'); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, '-S', '-c', code], cwd=ROOT, check=True)

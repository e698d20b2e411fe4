"""The set-up's scripts, run for real: in a copy of the checkout with no package registry in reach, and step by step."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / 'tools' / 'setup_env.sh'


@pytest.fixture
def checkout(tmp_path):
    """A checkout with what the set-up reads."""
    (tmp_path / 'tools').mkdir()
    shutil.copy(SCRIPT, tmp_path / 'tools')
    shutil.copy(ROOT / 'setup.py', tmp_path)
    (tmp_path / 'mmmaskattn').mkdir()
    shutil.copy(ROOT / 'mmmaskattn' / 'version.py', tmp_path / 'mmmaskattn')
    return tmp_path


def without_registry(**variables):
    """An environment in which no virtual environment is active and pip finds nothing."""
    path = [folder for folder in os.environ['PATH'].split(':') if not Path(folder, '../pyvenv.cfg').is_file()]
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ('VIRTUAL_ENV', 'PIP_FIND_LINKS', 'CONDA_PREFIX')
    }
    base = Path(sys.base_prefix, 'bin', 'python3')
    return {
        **kept,
        'PATH': ':'.join(path),
        'PIP_NO_INDEX': '1',
        'PIP_CONFIG_FILE': os.devnull,
        'PYTHON': str(base),
        **variables,
    }


def set_up(checkout, **variables):
    return subprocess.run(
        ['bash', checkout / 'tools' / 'setup_env.sh'],
        env=without_registry(**variables),
        capture_output=True,
        text=True,
        check=False,
    )


def functions(checkout):
    """The script without its last line, which starts the set-up: its functions can then be called one by one."""
    lines = SCRIPT.read_text().splitlines()
    assert lines[-1] == 'setup_locked || exit 1'
    path = checkout / 'tools' / 'functions.sh'
    path.write_text('\n'.join(lines[:-1]))
    return path


def call(checkout, command, **variables):
    return subprocess.Popen(
        ['bash', '-c', f'source {functions(checkout)}; SETUP_LOGS={checkout}; {command}'],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_failing_step_is_named_with_reason_and_advice_and_next_run_goes_on(checkout):
    first = set_up(checkout)
    assert first.returncode == 1
    assert 'making .venv: done' in first.stdout
    assert 'FAILED: torch==' in first.stderr
    assert 'No matching distribution found' in first.stderr, 'the reason, from the log'
    assert 'What to do: See that pip reaches a package registry' in first.stderr

    second = set_up(checkout)
    assert second.returncode == 1
    assert 'making .venv' not in second.stdout, 'it was made already'
    assert 'FAILED: torch==' in second.stderr


@pytest.mark.long
def test_half_made_venv_is_made_anew(checkout):
    (checkout / '.venv' / 'bin').mkdir(parents=True)
    (checkout / '.venv' / 'bin' / 'python').symlink_to(sys.executable.replace('python', 'no-such-python'))
    done = set_up(checkout)
    assert 'making .venv: done' in done.stdout
    assert (checkout / '.venv' / 'bin' / 'pip').exists()


def test_unusable_interpreter_is_reported(checkout):
    done = set_up(checkout, PYTHON='/no/such/python')
    assert done.returncode == 1
    assert 'FAILED: making .venv' in done.stderr
    assert '/no/such/python' in done.stderr
    assert 'or set PYTHON' in done.stderr


@pytest.mark.long
@pytest.mark.skipif(shutil.which('flock') is None, reason='no flock on this machine: set-ups are not kept apart')
def test_two_set_ups_at_once_wait_for_each_other(checkout):
    environment = without_registry()
    both = [
        subprocess.Popen(
            ['bash', checkout / 'tools' / 'setup_env.sh'],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in both]
    assert sum('waiting for another set-up' in output for output in outputs) == 1
    assert sum('making .venv: done' in output for output in outputs) == 1


def test_progress_of_a_compilation_is_visible(checkout):
    step = """setup_step 'compiling mmcv' '' bash -c 'for i in 1 2 3 4; do echo "[$i/4] c++"; sleep 1; done'"""
    process = call(checkout, step, SETUP_PROGRESS_SECONDS='1')
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert 'compiled 2/4 files, about ' in output
    assert 'compiling mmcv: done in' in output


def test_interrupted_step_ends_all_that_it_started(checkout):
    process = call(
        checkout, """setup_step 'waiting' 'none' bash -c 'sleep 300 & echo $! >"$0/child"; wait' "$SETUP_LOGS" """
    )
    child = checkout / 'child'
    while not (child.exists() and child.read_text().strip()):
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    output = process.communicate(timeout=30)[0]
    assert process.returncode == 130
    assert 'interrupted in step: waiting. Run again to go on.' in output
    time.sleep(0.2)
    status = Path('/proc', child.read_text().strip(), 'stat')
    assert not status.exists() or status.read_text().split()[2] == 'Z'


def test_environment_with_torch_is_kept_and_bare_python_is_not(checkout):
    kept = call(checkout, f'setup_prefix_with_torch {sys.executable}').communicate(timeout=60)[0].strip()
    assert kept == (sys.prefix if sys.prefix != sys.base_prefix else '')
    bare = call(checkout, f'setup_prefix_with_torch {sys.base_prefix}/bin/python3', CONDA_PREFIX='').communicate(
        timeout=60
    )[0]
    assert bare.strip() == ''


def test_torch_installed_in_part_does_not_count(checkout):
    """An interrupted installation leaves the package's files but no record of them."""
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', checkout / 'env'], check=True)
    site = next((checkout / 'env').glob('lib/python*/site-packages'))
    (site / 'torch').mkdir()
    (site / 'torch' / '__init__.py').write_text('')
    python = checkout / 'env' / 'bin' / 'python'
    assert call(checkout, f'setup_prefix_with_torch {python}').communicate(timeout=60)[0].strip() == ''
    record = site / 'torch-2.13.0.dist-info'
    record.mkdir()
    (record / 'METADATA').write_text('Metadata-Version: 2.1\nName: torch\nVersion: 2.13.0\n')
    (record / 'RECORD').write_text('torch/__init__.py,,\n')
    assert call(checkout, f'setup_prefix_with_torch {python}').communicate(timeout=60)[0].strip() == str(
        checkout / 'env'
    )


def test_change_of_versions_or_setup_means_to_do_it_again(checkout):
    def fingerprint(**variables):
        return call(checkout, f'SETUP_PREFIX={checkout}/env; setup_fingerprint', **variables).communicate(timeout=60)[0]

    first = fingerprint()
    assert first.strip()
    assert fingerprint() == first
    assert fingerprint(MMMASKATTN_TORCH='torch==2.9.0') != first
    (checkout / 'setup.py').write_text((checkout / 'setup.py').read_text() + '# changed\n')
    assert fingerprint() != first


def made_for_this_checkout() -> bool:
    """Whether the running environment was; the set-up would turn another checkout's into this one's."""
    installed = Path(sysconfig.get_paths()['purelib']).glob('__editable__*mmmaskattn*')
    here = any(repr(str(ROOT / 'mmmaskattn')) in path.read_text() for path in installed if path.is_file())
    return here and Path(sys.prefix, 'mmmaskattn-setup', 'done').exists()


@pytest.mark.skipif(not made_for_this_checkout(), reason='environment not made for here by tools/setup_env.sh')
def test_finished_set_up_starts_at_once():
    environment = {**os.environ, 'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}'}
    command = ['bash', '-c', f'source {SCRIPT}; echo $PYTHON']
    start = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f'{sys.prefix}/bin/python', 'anything else would be the set-up at work'
    assert time.monotonic() - start < 3

"""A disk that is full or not writable, a process that was killed: one line that names what matters."""

import os
import signal
import subprocess
import sys

import pytest
from tiny_training import ROOT, Started, train_tiny, train_two, weights, write_tiny

sys.path.insert(0, str(ROOT / 'tools'))
import dist_processes
from torch.distributed.elastic.multiprocessing.errors import ProcessFailure


def test_a_disk_that_fills_up_names_the_file_and_loses_nothing(tmp_path):
    """The system refuses to write more than a limit, as a full disk or a quota does."""
    config = write_tiny(tmp_path)
    train_tiny(config, '--work-dir', 'work', '--cfg-options', 'train_cfg.max_epochs=1')
    size = (tmp_path / 'work/epoch_1.pth').stat().st_size
    started = Started(config, '--work-dir', 'work', '--resume', TINY_FILE_SIZE=str(size // 2))
    assert started.end() == 1
    said = started.last_lines()[-1]
    assert 'epoch_2.pth cannot be written: File too large. What was saved before is whole' in said
    assert 'Traceback' not in started.text
    assert (tmp_path / 'work/last_checkpoint').read_text().endswith('epoch_1.pth')
    assert weights(tmp_path / 'work/epoch_1.pth')
    assert not list((tmp_path / 'work').glob('.*.partial'))


@pytest.mark.parametrize('place', ['file/work', '/proc/work'])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, place):
    config = write_tiny(tmp_path)
    (tmp_path / 'file').write_text('')
    started = Started(config, '--work-dir', place)
    assert started.end() == 1
    assert started.last_lines()[-1].startswith(f'{place} cannot be written: ')
    assert 'Traceback' not in started.text


def test_when_one_of_two_is_killed_the_other_ends_in_a_line(tmp_path):
    first, second = train_two(write_tiny(tmp_path), '--work-dir', 'work', TINY_DELAY='0.05')
    first.until(lambda: 'Epoch(train) [2]' in first.text)
    second.process.kill()
    assert first.end() == dist_processes.LOST_PEER
    assert first.last_lines()[-1] == 'Process 0: another process has gone, so this one ends too.'
    assert 'Traceback' not in first.text


def failure(rank, code):
    return ProcessFailure(local_rank=rank, pid=1, exitcode=code, error_file='')


@pytest.mark.parametrize(
    ('codes', 'status', 'said'),
    [
        ({0: 75, 2: -9}, 137, 'Process 2 was killed by SIGKILL. The others were ended too.\n'),
        ({0: 75, 1: 1}, 1, 'Process 1 ended with exit status 1; what it said is above. The others were ended too.\n'),
        ({0: 143, 1: 143}, 143, ''),
    ],
)
def test_the_launcher_names_the_culprit(capsys, codes, status, said):
    assert dist_processes.report({rank: failure(rank, code) for rank, code in codes.items()}) == status
    assert capsys.readouterr().err == said


@pytest.mark.slow
@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM])
def test_the_launcher_with_real_processes(tmp_path, number):
    """Processes of plain Python: of two one is killed, or the launcher is asked to stop."""
    script = tmp_path / 'work.py'
    script.write_text(
        'import os, signal, sys, time\n'
        'signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n'
        'if os.environ["RANK"] == "1" and "kill" in sys.argv: os.kill(os.getpid(), signal.SIGKILL)\n'
        'print("ready", flush=True)\n'
        'time.sleep(60)\n'
    )
    launcher = str(ROOT / 'tools/dist_processes.py')
    words = [sys.executable, launcher, '--standalone', '--nproc_per_node', '2', str(script)]
    words += ['kill'] if number == signal.SIGKILL else []
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        if number == signal.SIGTERM:
            process.stdout.readline()
            os.kill(process.pid, number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err == ('Process 1 was killed by SIGKILL. The others were ended too.\n' if number == signal.SIGKILL else '')

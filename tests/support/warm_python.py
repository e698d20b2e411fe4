"""A command that runs scripts and modules as Python does, in processes with the imports of the package behind them.

It is for shell scripts and launchers that start Python by themselves, several times: the imports take ten seconds each
time. What is no script or module (``-c``, standard input, other options) goes to Python itself.
"""

from __future__ import annotations

import functools
import json
import os
import runpy
import socket
import sys
import tempfile
import threading
from pathlib import Path

import torch
from warm_processes import WARM, leave_configs_unformatted

CLIENT = """#!{python} -SE
import json, os, socket, sys
words = [word for word in sys.argv[1:] if word not in ('-u', '-B')]
if not words or words[0].startswith('-') and words[0] != '-m':
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as link:
    link.connect({address!r})
    link.sendall(json.dumps([words, os.getcwd(), dict(os.environ), os.getpid()]).encode())
    link.shutdown(socket.SHUT_WR)
    status = int(link.recv(16) or 1)
sys.exit(status if status >= 0 else 128 - status)
"""


@functools.lru_cache(maxsize=1)
def warm_python() -> str:
    """Path of the command; what serves it ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix='warm'))
    link = socket.socket(socket.AF_UNIX)
    link.bind(str(folder / 'link'))
    link.listen()
    command = folder / 'python'
    command.write_text(CLIENT.format(python=sys.executable, address=str(folder / 'link')))
    command.chmod(0o755)
    threading.Thread(target=_serve, args=(link,), daemon=True).start()
    return str(command)


def _serve(link: socket.socket) -> None:
    while True:
        threading.Thread(target=_answer, args=(link.accept()[0],), daemon=True).start()


def _answer(caller: socket.socket) -> None:
    with caller, caller.makefile('rb') as file:
        process = WARM.Process(target=_run, args=json.loads(file.read()))
        process.start()
        process.join()
        caller.sendall(str(process.exitcode).encode())


def _run(words: list[str], cwd: str, variables: dict[str, str], caller: int) -> None:
    """Be the process that the caller asked for, with its streams."""
    for number in (0, 1, 2):
        os.dup2(os.open(f'/proc/{caller}/fd/{number}', os.O_RDONLY if number == 0 else os.O_WRONLY), number)
    sys.stdout, sys.stderr = (os.fdopen(number, 'w', buffering=1, closefd=False) for number in (1, 2))
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(cwd)
    leave_configs_unformatted()
    torch.set_num_threads(int(variables.get('OMP_NUM_THREADS', '1')))
    if words[0] == '-m':
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name='__main__', alter_sys=True)
    else:
        sys.argv, sys.path[:0] = words, [str(Path(words[0]).parent)]
        runpy.run_path(words[0], run_name='__main__')

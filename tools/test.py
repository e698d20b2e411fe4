"""Test a model: ``python tools/test.py CONFIG CHECKPOINT``; ``--help`` lists the options."""

from mmmaskattn.engine.launch import finish_distributed
from mmmaskattn.engine.testing import run_test

if __name__ == '__main__':
    run_test()
    finish_distributed()

"""Test a model: ``python tools/test.py CONFIG CHECKPOINT``; ``--help`` lists the options."""

from mmmaskattn.engine.launch import finish_distributed
from mmmaskattn.engine.testing import run_test
from mmmaskattn.utils.command_line import ends_in_one_line

if __name__ == '__main__':
    ends_in_one_line('test')(run_test)()
    finish_distributed()

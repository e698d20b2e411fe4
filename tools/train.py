"""Train a model: ``python tools/train.py CONFIG``; ``--help`` lists the options."""

from mmmaskattn.engine.launch import finish_distributed
from mmmaskattn.engine.training import train
from mmmaskattn.utils.command_line import ends_in_one_line

if __name__ == '__main__':
    ends_in_one_line('train')(train)()
    finish_distributed()

"""Train a model: ``python tools/train.py CONFIG``; ``--help`` lists the options."""

from mmmaskattn.engine.launch import finish_distributed
from mmmaskattn.engine.training import train

if __name__ == '__main__':
    train()
    finish_distributed()

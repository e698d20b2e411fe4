"""Train a model: ``python tools/train.py CONFIG``; ``--help`` lists the options."""

from mmmaskattn.engine.training import train

if __name__ == '__main__':
    train()

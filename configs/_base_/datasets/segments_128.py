# What the instance and panoptic data sets share: the steps after their truth is loaded, and the batch.
_base_ = './images_128.py'
# Instances travel as one id map, which mmseg's flip turns as it does label maps; mmdet's and mmcv's would leave it.
# For mmdet's detectors model.data_preprocessor makes masks and boxes of it: see peer_detector.py.
make_instances = dict(type='mmmaskattn.MakeInstances', masks=False)
augment = [
    _base_.jitter,
    dict(type='mmseg.RandomFlip', prob=0.5),
    make_instances,
    dict(type='mmmaskattn.FindSeeds'),
    dict(type='mmmaskattn.PackSegments'),
]
shrink = [_base_.resize, make_instances, dict(type='mmmaskattn.PackSegments')]

train_dataloader = dict(batch_size=7)  # per process; the paper's total of 14 is 2 processes of 7

# What the panoptic data sets share.
_base_ = './segments_128.py'
load_truth = dict(type='mmmaskattn.LoadPanoptic')
train_pipeline = [_base_.load_train_image, load_truth, *_base_.augment]
test_pipeline = [*_base_.load_image, load_truth, *_base_.shrink]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
# PQ, AP and mIoU in one pass, as in the paper's Table 3. The first one chooses the best checkpoint.
val_evaluator = [
    dict(type='mmmaskattn.PanopticQuality', prefix='lowres'),
    dict(type='mmmaskattn.InstanceAP', prefix='lowres'),
    dict(type='mmmaskattn.SegmentIoU', prefix='lowres'),
]
test_evaluator = val_evaluator

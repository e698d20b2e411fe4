# What the panoptic data sets share.
_base_ = './segments_128.py'
load_truth = dict(type='mmmaskattn.LoadPanoptic')
train_pipeline = [_base_.load_train_image, load_truth, *_base_.augment]
test_pipeline = [_base_.load_image, load_truth, *_base_.shrink]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader

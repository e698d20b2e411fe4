# What the instance data sets share.
_base_ = './segments_128.py'
num_stuff = 1  # the background, label num_things
load_truth = dict(type='mmmaskattn.LoadInstances')
train_pipeline = [_base_.load_train_image, load_truth, *_base_.augment]
test_pipeline = [*_base_.load_image, load_truth, *_base_.shrink]
train_dataloader = dict(dataset=dict(filter_cfg=dict(filter_empty_gt=True), pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='mmmaskattn.InstanceAP', prefix='lowres')
test_evaluator = val_evaluator

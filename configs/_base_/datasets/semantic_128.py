# What the semantic data sets share: the steps after their labels are loaded, the batch, the metric.
_base_ = './images_128.py'
augment = [_base_.jitter, dict(type='RandomFlip', prob=0.5), dict(type='PackSegInputs')]
shrink = [_base_.resize, dict(type='PackSegInputs')]
# The first branch must not flip: its label map is the truth of all.
augment_test = dict(
    type='TestTimeAug',
    transforms=[
        [dict(_base_.resize, scale=scale) for scale in (1.0, 0.75, 1.25, 1.5)],
        [
            dict(type='RandomFlip', prob=0.0, direction='horizontal'),
            dict(type='RandomFlip', prob=1.0, direction='horizontal'),
        ],
        [dict(type='PackSegInputs')],
    ],
)

train_dataloader = dict(batch_size=4)  # per process; the paper's total of 8 is 2 processes of 4
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'], prefix='lowres')
test_evaluator = val_evaluator

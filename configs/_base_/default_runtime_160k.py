# Runtime settings of trainings counted in iterations; a leaf also sets train_dataloader.sampler to InfiniteSampler.
_base_ = './default_runtime.py'
default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(by_epoch=False, interval=16000),
)
log_processor = dict(by_epoch=False)

# Runtime settings that all configs share. default_scope stays mmseg's: our own parts are named with the prefix
# 'mmmaskattn.'.
default_scope = 'mmseg'
custom_imports = dict(imports=['mmmaskattn'], allow_failed_imports=False)

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),  # without a GPU our tools use gloo instead
)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=True),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='mmmaskattn.WholeCheckpointHook',
        by_epoch=True,
        interval=10,
        max_keep_ckpts=2,
        save_last=True,
        save_best='lowres/mIoU',
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='mmmaskattn.SegmentationPictureHook'),
    non_finite=dict(type='mmmaskattn.NonFiniteHook'),
    stop=dict(type='mmmaskattn.StopHook'),
    resume=dict(type='mmmaskattn.ResumeHook'),
    cache=dict(type='mmmaskattn.SampleCacheHook', where='none'),  # 'ram', 'disk' or 'auto'; tools/train.py --cache
    channels_last=dict(type='mmmaskattn.ChannelsLastHook'),
)
# A resumed training draws the same random numbers as an uninterrupted one.
custom_hooks = [dict(type='mmmaskattn.RandomStateHook')]

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='SegLocalVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(by_epoch=True)
log_level = 'INFO'
tta_model = dict(type='mmmaskattn.MeanProbabilityTTA')
load_from = None
resume = False

# The recipe of SegFormer and LRFormer: AdamW, learning rate 6e-5 (heads ten times that), weight decay 0.01 but none on
# norms (mmengine goes by the first key that fits: a head's own norms keep theirs, as in mmseg's zoo), a linear warm-up
# over 1500 iterations, then a straight line to zero at 160000. Goes with ../default_runtime_160k.py, which counts in
# iterations too.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01),
    paramwise_cfg=dict(custom_keys={'norm': dict(decay_mult=0.0), 'head': dict(lr_mult=10.0)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1500),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=1500, end=160000),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=160000, val_interval=16000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
# With --auto-scale-lr the learning rate is multiplied by (batch size x processes) / 16.
auto_scale_lr = dict(enable=False, base_batch_size=16)

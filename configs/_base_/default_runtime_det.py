# Runtime settings of the instance and panoptic configs: the common ones, in mmdet's scope.
_base_ = './default_runtime.py'
default_scope = 'mmdet'
default_hooks = dict(
    checkpoint=dict(save_best='auto', rule='greater'),  # by the first metric: PQ, or AP of the instance task
    # Draws what the panoptic map paints: its least score is 0.1 too.
    visualization=dict(_delete_=True, type='mmmaskattn.InstancePictureHook', score_thr=0.1),
)
visualizer = dict(type='mmmaskattn.SegmentVisualizer')
tta_model = None  # MeanProbabilityTTA is semantic

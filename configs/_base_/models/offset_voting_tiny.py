# The trunk of bottom_up_tiny with Panoptic-DeepLab's way to find instances.
_base_ = './bottom_up_tiny.py'
model = dict(
    segment_head=dict(
        _delete_=True,
        type='mmmaskattn.OffsetVotingHead',
        num_things=100,
        num_stuff=50,
        in_channels=24,
        hidden_channels=48,
        seed_channels=24,
        coordinates=False,
        separable=True,
        act_cfg=dict(type='HSwish'),
    )
)

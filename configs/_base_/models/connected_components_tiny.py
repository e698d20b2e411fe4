# The trunk of bottom_up_tiny with connected parts of the semantic map as instances: the floor.
_base_ = './bottom_up_tiny.py'
model = dict(
    segment_head=dict(
        _delete_=True,
        type='mmmaskattn.ConnectedComponentsHead',
        num_things=100,
        num_stuff=50,
        in_channels=24,
    )
)

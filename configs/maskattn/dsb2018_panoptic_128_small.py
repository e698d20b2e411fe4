# Nuclei of the Data Science Bowl 2018, panoptic, 128x128, small; see dsb2018_panoptic_128.py.
_base_ = [
    '../_base_/models/bottom_up_small.py',
    '../_base_/datasets/dsb2018_panoptic_128.py',
    '../_base_/schedules/adamw_1000e_batch14.py',
    '../_base_/default_runtime_det.py',
]
# Up to 375 nuclei an image.
model = dict(
    segment_head=dict(
        num_things={{_base_.num_things}}, num_stuff={{_base_.num_stuff}}, grouping=dict(max_instances=400)
    ),
    test_cfg=dict(max_per_image=400, panoptic=dict(score_threshold=0.2)),  # chosen on the validation images
)

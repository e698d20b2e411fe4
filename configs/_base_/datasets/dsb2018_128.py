# What both tasks of the Data Science Bowl 2018 share.
leave_out = ('brightfield_grey',)  # 16 of 664 images, whose nuclei are a few pixels large at 128x128
# What up to 375 nuclei an image ask of our own models; a leaf passes it to `with_classes`.
model_for_nuclei = dict(
    segment_head=dict(grouping=dict(max_instances=400)),
    test_cfg=dict(max_per_image=400, panoptic=dict(score_threshold=0.2)),  # chosen on the validation images
)

# What both tasks of the Data Science Bowl 2018 share.
leave_out = ('brightfield_grey',)  # 16 of 664 images, whose nuclei are a few pixels large at 128x128
# What up to 375 nuclei an image, half of them under 31 pixels in area, ask of our own models; a leaf passes it to
# `with_classes`. They are found in maps of all pixels, where trunks with a stem of stride 2 have half as many a side.
model_for_nuclei = dict(
    segment_head=dict(upsample=2, grouping=dict(max_instances=400)),
    test_cfg=dict(max_per_image=400, panoptic=dict(score_threshold=0.2)),  # chosen on the validation images
)

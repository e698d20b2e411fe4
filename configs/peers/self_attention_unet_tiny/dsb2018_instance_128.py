# Nuclei of the Data Science Bowl 2018, instances, 128x128: tiny with plain self-attention.
_base_ = '../maskattn/dsb2018_instance_128_tiny.py'
model = dict(backbone=dict(masks=(None, None, None, None, 'none')), neck=dict(masks=(None, None, 'none', 'none')))

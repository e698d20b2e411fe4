# DSB2018, instances, 128x128: data, schedule and runtime settings, all but the model.
_base_ = ['../datasets/dsb2018_instance_128.py', '../schedules/onecycle_45e.py', '../default_runtime_det.py']

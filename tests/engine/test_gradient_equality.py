"""Two processes and one process with the same total batch give the same gradients."""

import pytest
import torch
from gradient_job import batch, build_model, state_after, step, work
from warm_processes import run_two


@pytest.fixture(scope='module')
def of_two_processes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('processes')
    run_two(work, folder)
    return [torch.load(folder / f'{rank}.pt') for rank in range(2)]


@pytest.fixture(scope='module')
def of_one_process():
    model = build_model()
    step(model, *batch())
    return state_after(model)


@pytest.mark.slow
def test_gradients_are_equal(of_one_process, of_two_processes):
    expected = of_one_process[0]
    assert any('attentions' in name for name in expected)
    for gradients, _ in of_two_processes:
        assert gradients.keys() == expected.keys()
        for name, gradient in gradients.items():
            assert gradient is not None, f'{name} has no gradient'
            torch.testing.assert_close(
                gradient, expected[name], rtol=1e-5, atol=1e-9, msg=lambda m, n=name: f'{n}: {m}'
            )


@pytest.mark.slow
def test_running_statistics_are_equal(of_one_process, of_two_processes):
    expected = of_one_process[1]
    assert any(name.endswith('running_var') for name in expected)
    for _, buffers in of_two_processes:
        for name, buffer in buffers.items():
            torch.testing.assert_close(buffer, expected[name])


@pytest.mark.slow
def test_halves_differ_from_the_whole(of_one_process):
    """Without the joint statistics the gradients would differ: each half alone gives others, also on average."""
    images, samples = batch()
    model = build_model()
    for half in (slice(0, 2), slice(2, 4)):
        step(model, images[half], samples[half])
    name = next(key for key, _ in model.named_parameters() if key.startswith('backbone.blocks.0'))
    averaged = state_after(model)[0][name] / 2
    assert (averaged - of_one_process[0][name]).abs().max() > 1e-6

"""The contract that every model of ours keeps; a test class for a model says how to build it and what comes out."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

ODD_SIZES = [(16, 16), (17, 31), (48, 64), (65, 49)]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def image(size: tuple[int, int], batch: int = 1, seed: int = 0) -> Tensor:
    return torch.rand(batch, 3, *size, generator=seeded(seed))


class ModelContract:
    """Subclass it, name the class ``Test...``, and give ``build`` and ``shapes``."""

    sizes = ODD_SIZES
    export_size = (48, 64)

    def build(self) -> nn.Module:
        """Build the model, which takes an image and returns a tuple of maps."""
        raise NotImplementedError

    def shapes(self, size: tuple[int, int]) -> list[tuple[int, ...]]:
        """Shapes (C, H, W) of the maps for an input of (H, W)."""
        raise NotImplementedError

    @pytest.fixture(scope='class')
    def model(self) -> nn.Module:
        torch.manual_seed(0)
        return self.build().eval()

    def test_any_size_gives_the_shapes(self, model):
        for size in self.sizes:
            with torch.inference_mode():
                maps = model(image(size))
            assert [tuple(m.shape[1:]) for m in maps] == self.shapes(size)
            assert all(torch.isfinite(m).all() for m in maps)

    def test_batch_equals_single_images(self, model):
        batch = image((32, 48), batch=3)
        with torch.inference_mode():
            together = model(batch)
            alone = [model(one[None]) for one in batch]
        for level, maps in enumerate(together):
            torch.testing.assert_close(maps, torch.cat([m[level] for m in alone]), atol=1e-4, rtol=1e-4)

    @pytest.mark.parametrize('batch', [1, 2])
    def test_trains_at_the_smallest_size(self, model, batch):
        trained = copy.deepcopy(model).train()
        sum(m.square().mean() for m in trained(image((16, 16), batch))).backward()
        without = [n for n, p in trained.named_parameters() if p.requires_grad and p.grad is None]
        assert not without
        assert all(torch.isfinite(p.grad).all() for p in trained.parameters())

    def test_channels_last_gives_the_same(self, model):
        x = image((48, 64), batch=2)
        last = copy.deepcopy(model).to(memory_format=torch.channels_last)
        with torch.inference_mode():
            for a, b in zip(model(x), last(x.to(memory_format=torch.channels_last))):
                torch.testing.assert_close(a, b, atol=1e-3, rtol=1e-3)

    def test_bf16_autocast_trains_close_to_float32(self, model):
        x = image((32, 32), batch=2)
        with torch.autocast('cpu', torch.bfloat16):
            low = copy.deepcopy(model)(x)
        for a, b in zip(model(x), low):
            assert (a - b.float()).norm() <= 0.1 * a.norm()
        sum(m.float().square().mean() for m in low).backward()

    def test_exports_to_the_same_function(self, model):
        x = image(self.export_size)
        program = torch.export.export(model, (x,))
        with torch.inference_mode():
            for a, b in zip(model(x), program.module()(x)):
                torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)

    @pytest.mark.long
    def test_compiles_as_one_graph(self, model):
        x = image((32, 48))
        compiled = torch.compile(model, backend='eager', fullgraph=True)  # test_maskattn_unet.py compiles it
        with torch.no_grad():
            for a, b in zip(model(x), compiled(x)):
                torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)

    def test_state_dict_round_trip(self, model):
        torch.manual_seed(1)
        other = self.build().eval()
        other.load_state_dict(model.state_dict())
        with torch.inference_mode():
            for a, b in zip(model(image((32, 32))), other(image((32, 32)))):
                assert torch.equal(a, b)

"""Necks."""

from mmmaskattn.models.necks.maskattn_decoder import MaskAttnDecoder

__all__ = ['MaskAttnDecoder']

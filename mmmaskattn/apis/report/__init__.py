"""A static page about a training or a folder of predictions."""

from mmmaskattn.apis.report.page import write_report

__all__ = ['write_report']

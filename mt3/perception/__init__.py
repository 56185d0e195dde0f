"""Camera images with what is needed to use them, and how an object is found in one."""

from mt3.perception.intrinsics import Intrinsics
from mt3.perception.object_view import ObjectView
from mt3.perception.rgbd import RGBD
from mt3.perception.segmenter import CandidateSegmenter, Segmenter
from mt3.perception.table_plane import TablePlane, fit_table_plane

__all__ = [
    "RGBD",
    "CandidateSegmenter",
    "Intrinsics",
    "ObjectView",
    "Segmenter",
    "TablePlane",
    "fit_table_plane",
]

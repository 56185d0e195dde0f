"""Which recorded demonstration fits a task and what the camera sees."""

from mt3.retrieval.cylinder_encoder import CylinderEncoder
from mt3.retrieval.demo_index import Candidate, DemoIndex, GeometryEncoder, Ranking
from mt3.retrieval.language_matcher import LanguageMatch, LanguageMatcher, WordMatcher

__all__ = [
    "Candidate",
    "CylinderEncoder",
    "DemoIndex",
    "GeometryEncoder",
    "LanguageMatch",
    "LanguageMatcher",
    "Ranking",
    "WordMatcher",
]

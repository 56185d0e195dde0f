"""The object among the clusters of the depth image: the one pointed at, or the only one."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from mt3.errors import ImageError, SegmentationError
from mt3.perception.clusters import Cluster, ClusterRules, find_clusters
from mt3.perception.pointing import Pointing
from mt3.perception.rgbd import RGBD
from mt3.perception.table_plane import fit_table_plane
from mt3.types import BoolArray

_SEARCH_M: Final = 0.03  # of the table around its configured height: walls are not searched
_SEED: Final = 0


class ClusterSegmenter:
    """Takes things on the table for objects, whatever they are called.

    Args:
        table_height_m: z of the table in W.
        pointing: Which one is meant.
        rules: What is taken for an object.
        hidden: Gives the pixels, (H, W) bool, of an image that show no object, such as the robot.
    """

    def __init__(
        self,
        table_height_m: float = 0.0,
        pointing: Pointing | None = None,
        rules: ClusterRules | None = None,
        hidden: Callable[[RGBD], BoolArray] | None = None,
    ) -> None:
        self._table_height_m = table_height_m
        self.pointing = pointing or Pointing()
        self._rules, self._hidden = rules or ClusterRules(), hidden

    @property
    def name(self) -> str:
        """What the record calls it."""
        return f"clusters, {self.pointing}" if self.pointing.given else "clusters"

    def clusters(self, rgbd: RGBD) -> tuple[Cluster, ...]:
        """Every candidate in an image, the leftmost first.

        Raises:
            SegmentationError: The table is not in view.
        """
        rng = np.random.default_rng(_SEED)
        try:
            table = fit_table_plane(rgbd, rng, self._table_height_m, _SEARCH_M)
        except ImageError as error:
            raise SegmentationError(f"clusters need the table in view: {error}") from error
        hidden = None if self._hidden is None else self._hidden(rgbd)
        return find_clusters(rgbd, table, self._rules, hidden)

    def segment(self, rgbd: RGBD, object_name: str) -> BoolArray:
        """Mask, (H, W) bool, of the candidate that is meant.

        Raises:
            SegmentationError: None is, or several may be; the message names the candidates.
        """
        return self.choose(rgbd).mask

    def choose(self, rgbd: RGBD) -> Cluster:
        """The candidate that is meant.

        Raises:
            SegmentationError: None is, or several may be; the message names the candidates.
        """
        return self.pointing.choose(self.clusters(rgbd), rgbd.depth_m.shape)

    def candidates(self, rgbd: RGBD) -> tuple[BoolArray, ...]:
        """Masks of all candidates; of the one that is pointed at, if any is.

        Raises:
            SegmentationError: There is none, or none is pointed at.
        """
        clusters: Sequence[Cluster] = self.clusters(rgbd)
        if self.pointing.given or not clusters:
            clusters = [self.pointing.choose(clusters, rgbd.depth_m.shape)]
        return tuple(cluster.mask for cluster in clusters)

"""The segmenters as a configuration names them: plain values and a scene in, a segmenter out."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from mt3.errors import ConfigurationError
from mt3.interfaces import Scene
from mt3.motion.robot_mask import robot_mask
from mt3.motion.robot_model import RobotModel
from mt3.perception import RGBD
from mt3.perception.cluster_segmenter import ClusterSegmenter
from mt3.perception.clusters import ClusterRules
from mt3.perception.grabcut_segmenter import GrabCutSegmenter
from mt3.perception.mask_file import MaskFileSegmenter
from mt3.perception.model_segmenter import ModelSegmenter
from mt3.perception.pointing import Pointing
from mt3.types import BoolArray

_ROBOT_MARGIN_M: Final = 0.02


def build_cluster_segmenter(
    scene: Scene,
    model: RobotModel,
    table_height_m: float,
    click: Sequence[float] | str | None,
    box: Sequence[float] | None,
    rules: ClusterRules,
) -> ClusterSegmenter:
    """Clusters of the depth image, the robot of a scene left out; see ``Pointing`` for the choice.

    Raises:
        ConfigurationError: Both a click and a box, or numbers that are none.
    """
    hidden = partial(_robot_in, scene=scene, model=model)
    return ClusterSegmenter(table_height_m, Pointing(click, box), rules, hidden)


def build_grabcut_segmenter(
    scene: Scene,
    model: RobotModel,
    table_height_m: float,
    click: Sequence[float] | str | None,
    box: Sequence[float] | None,
    rules: ClusterRules,
    rounds: int,
) -> GrabCutSegmenter:
    """The same, its outline moved to where the colours change.

    Raises:
        ConfigurationError: Both a click and a box, or numbers that are none.
    """
    clusters = build_cluster_segmenter(scene, model, table_height_m, click, box, rules)
    return GrabCutSegmenter(clusters, rounds)


def build_mask_file_segmenter(
    scene: Scene, path: str | None, label: int | None
) -> MaskFileSegmenter:
    """A mask from a file; nothing of the scene is needed.

    Raises:
        ConfigurationError: No file is named.
    """
    if path is None:
        raise ConfigurationError("segmenter.path: missing, for example segmenter.path=mask.png")
    return MaskFileSegmenter(path, label)


def build_model_segmenter(scene: Scene, function: str | None, prompt: str | None) -> ModelSegmenter:
    """A model that is installed beside this stack; nothing of the scene is needed.

    Raises:
        ConfigurationError: No function is named, or there is no such one.
    """
    if function is None:
        raise ConfigurationError(
            "segmenter.function: missing, for example segmenter.function=my_module:my_function"
        )
    return ModelSegmenter.named(function, prompt)


def _robot_in(rgbd: RGBD, scene: Scene, model: RobotModel) -> BoolArray:
    """Pixels of the robot as it stands now, (H, W)."""
    return robot_mask(rgbd, model, scene.T_WB, scene.arm.state().joints, _ROBOT_MARGIN_M)

"""Makes the workplace of each task of a session ready, and takes it down."""

from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from omegaconf import DictConfig, OmegaConf

from demos.cli.record_settings import settings_of
from demos.cli.replay_check import replay_in
from demos.recorder import RecorderSettings
from demos.recording import Recording
from demos.session.key_map import KeyMap
from demos.session.rig import FindObjects, Rig
from mt3.cli.assembly import build, build_control
from mt3.control.control import Control
from mt3.execution.segmenters import build_cluster_segmenter
from mt3.interfaces import Keys, Scene, Teleop
from mt3.perception import Segmenter
from mt3.perception.clusters import ClusterRules
from mt3.task import TaskDescription


class Workbench:
    """Connects a scene, and keeps it for the next task where its configuration stays the same.

    A real workplace is the same for every task. A simulated one is staged for each.

    Args:
        cfg: The configuration of ``mt3-record``.
        keys: Key presses of the operator; any of them stops a real arm in a replay check.
        key_map: Keys of the session, which no device may use.
    """

    def __init__(self, cfg: DictConfig, keys: Keys, key_map: KeyMap) -> None:
        self._cfg, self._keys, self._key_map = cfg, keys, key_map
        self._connections = ExitStack()
        self._described: Any = None
        self._connected: _Connected | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connections.__exit__(exc_type, exc, traceback)

    def open_rig(self, task: TaskDescription, number: int) -> tuple[Rig, RecorderSettings]:
        """The rig of a task, and how to record it; that of the task before may be gone then."""
        episode = self._cfg.copy()
        episode.task, episode.seed = task.text, self._cfg.seed + number
        described = OmegaConf.to_container(episode.scene, resolve=True)
        if self._connected is None or described != self._described:
            self._connected = None
            self._connections.close()
            self._connected, self._described = self._connect(episode), described
        return self._connected.rig_for(episode), settings_of(episode)

    def _connect(self, episode: DictConfig) -> "_Connected":
        scene: Scene = build(episode.scene)
        control = build_control(episode, scene)
        segmenter = build(episode.segmenter)(scene=scene)
        teleop = build(episode.teleop)(scene=scene, arm=control.arm)
        self._key_map.require_free(teleop.keys, "teleop")
        self._connections.enter_context(scene)
        self._connections.enter_context(teleop)
        find_objects = _find_objects(episode, scene)
        return _Connected(scene, control, self._keys, teleop, segmenter, find_objects)


@dataclass(frozen=True, slots=True, eq=False)
class _Connected:
    """What stays connected from task to task."""

    scene: Scene
    control: Control
    keys: Keys
    teleop: Teleop
    segmenter: Segmenter
    find_objects: FindObjects

    def rig_for(self, episode: DictConfig) -> Rig:
        """The rig of one task, whose replay check does this task and not the first one."""

        def replay(recording: Recording) -> str:
            return replay_in(episode, self.scene, self.control, self.keys, recording)

        return Rig(
            self.scene, self.control.arm, self.teleop, self.segmenter, self.find_objects, replay
        )


def _find_objects(episode: DictConfig, scene: Scene) -> FindObjects:
    """Everything on the table, whatever the segmenter is: an operator may choose by number."""
    clusters = build_cluster_segmenter(
        scene, build(episode.model), episode.limits.table_height_m, None, None, ClusterRules()
    )
    return lambda rgbd: [cluster.mask for cluster in clusters.clusters(rgbd)]

"""Makes the workplace of each task of a session ready, and takes it down."""

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from omegaconf import DictConfig, OmegaConf

from demos.cli.record_settings import settings_of
from demos.cli.replay_check import replay_in
from demos.key_map import KeyMap
from demos.recorder import RecorderSettings
from demos.recording import Recording
from demos.rig import FindObjects, Rig
from mt3.cli.assembly import build, build_guarded_arm
from mt3.execution.segmenters import build_cluster_segmenter
from mt3.interfaces import Scene
from mt3.perception.clusters import ClusterRules
from mt3.task import TaskDescription


class Workbench:
    """Connects a scene, and keeps it for the next task where its configuration stays the same.

    A real workplace is the same for every task. A simulated one is staged for each.

    Args:
        cfg: The configuration of ``mt3-record``.
        key_map: Keys of the session, which no device may use.
    """

    def __init__(self, cfg: DictConfig, key_map: KeyMap) -> None:
        self._cfg, self._key_map = cfg, key_map
        self._connections = ExitStack()
        self._described: Any = None
        self._scene: Scene | None = None
        self._rig: Rig | None = None

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
        if self._rig is None or described != self._described:
            self._rig = None
            self._connections.close()
            self._rig = self._connect(episode)
            self._described = described
        return self._rig, settings_of(episode)

    def _connect(self, episode: DictConfig) -> Rig:
        scene: Scene = build(episode.scene)
        arm = build_guarded_arm(episode, scene)
        segmenter = build(episode.segmenter)(scene=scene)
        teleop = build(episode.teleop)(scene=scene, arm=arm)
        self._key_map.require_free(teleop.keys, "teleop")
        self._connections.enter_context(scene)
        self._connections.enter_context(teleop)

        def replay(recording: Recording) -> str:
            return replay_in(episode, scene, arm, recording)

        return Rig(scene, arm, teleop, segmenter, _find_objects(episode, scene), replay)


def _find_objects(episode: DictConfig, scene: Scene) -> FindObjects:
    """Everything on the table, whatever the segmenter is: an operator may choose by number."""
    clusters = build_cluster_segmenter(
        scene, build(episode.model), episode.limits.table_height_m, None, None, ClusterRules()
    )
    return lambda rgbd: [cluster.mask for cluster in clusters.clusters(rgbd)]

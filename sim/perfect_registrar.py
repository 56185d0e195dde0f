"""A registrar that knows where the simulated object is: what would perfect perception bring?"""

from dataclasses import replace

from mt3.alignment import Registrar, Registration
from mt3.alignment.registrar import Views
from sim.scene import PyBulletScene
from sim.truth import TransferTruth


class PerfectRegistrar(Registrar):
    """Gives the true motions; only its figures of fit are the real registrar's.

    Args:
        demo_scene: Staged as it was for the only demonstration that is asked about.
        live_scene: Staged as the trial's own; nothing has moved in it.
        support_z_m: As in ``Registrar``.
    """

    def __init__(
        self, demo_scene: PyBulletScene, live_scene: PyBulletScene, support_z_m: float
    ) -> None:
        super().__init__(support_z_m)
        self._motions = TransferTruth(demo_scene, live_scene).motions()

    def register(self, demo: Views, live: Views) -> Registration:
        """As ``Registrar``, with the true motions, and trusted."""
        return replace(
            super().register(demo, live),
            D_W=self._motions[0],
            equivalent_motions=self._motions,
            trusted=True,
            reason="",
        )

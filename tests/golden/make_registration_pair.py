"""Write ``registration_pair.npz``, the golden pair of views for registration.

  python tests/golden/make_registration_pair.py

Provenance: the simulated hammer of seed 0 on the table, seen by the camera of ``configs/scene``
with depth noise and imperfect masks, at two known poses, with two distractors. Stored are depth in
tenths of a millimetre, masks as bits, the camera, the true motion, and the motion that the
registrar of ``configs/method.yaml`` found on that day. Rewrite it when camera, noise or objects
change; when only the registrar changes, the stored motion has to stay true.
"""

import sys
from pathlib import Path

import numpy as np
from hydra import compose, initialize_config_module
from hydra.utils import instantiate

from mt3.geometry import SE3
from mt3.perception import RGBD, ObjectView
from sim.objects import instance
from sim.snapshots import SnapshotStudio, scatter_around

PATH = Path(__file__).with_name("registration_pair.npz")
POSES = {
    "demo": SE3.from_yaw(0.4, (0.48, -0.10, 0.0)),
    "live": SE3.from_yaw(2.3, (0.55, 0.12, 0.0)),
}
DEPTH_UNIT_M = 1e-4


def main() -> None:
    """Take both pictures, register them, store everything."""
    with initialize_config_module("mt3.configs", version_base=None):
        cfg = compose("run", overrides=["task=pick up the hammer"])
    spec = instantiate(cfg.scene.camera, _convert_="all")
    masks = cfg.segmenter
    studio = SnapshotStudio(spec, masks.max_offset_px, masks.boundary_noise_px)
    rng = np.random.default_rng(0)
    model = instance("hammer", 0)
    k = spec.intrinsics
    fields = {
        "intrinsics": np.array([k.fx, k.fy, k.cx, k.cy, k.width, k.height]),
        "T_world_camera": spec.T_WC.matrix,
        "D_world_true": (POSES["live"] @ POSES["demo"].inverse()).matrix,
    }
    views = {}
    for name, T_WO in POSES.items():
        view = studio.take(scatter_around(model, T_WO, 2, rng), rng)
        depth = np.round(view.rgbd.depth_m / DEPTH_UNIT_M).astype(np.uint16)
        fields[f"depth_{name}"], fields[f"mask_{name}"] = depth, np.packbits(view.mask)
        views[name] = as_stored(view, depth)
    registrar = instantiate(cfg.registrar, _convert_="all")
    found = registrar.register(views["demo"], views["live"])
    fields["D_world_found"] = found.D_W.matrix
    np.savez_compressed(PATH, **fields)
    sys.stdout.write(f"{PATH}: {PATH.stat().st_size / 1e3:.0f} kB, {found.describe()}\n")


def as_stored(view: ObjectView, depth: np.ndarray) -> ObjectView:
    """The view with its depth rounded as it is stored."""
    rgbd = view.rgbd
    depth_m = (depth * DEPTH_UNIT_M).astype(np.float32)
    return ObjectView(
        RGBD(rgbd.color, depth_m, rgbd.intrinsics, rgbd.T_WC, rgbd.t_s, rgbd.camera), view.mask
    )


if __name__ == "__main__":
    main()

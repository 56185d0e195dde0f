"""A demonstration in the official layout: a block seen from above, taken and lifted."""

import cv2
import numpy as np

from mt3.geometry import SE3

RATE_HZ = 30.0
ROWS = 60
SIZE = (96, 128)  # as tall and wide as a real image is, only smaller
K = np.array([[160.0, 0.0, 63.5], [0.0, 160.0, 47.5], [0.0, 0.0, 1.0]])
T_WC = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), (0.5, 0.1, 0.9))
T_WE = SE3.from_rotation_translation(np.diag([1.0, -1.0, -1.0]), (0.48, 0.12, 0.25))
DOWN, UP = (0.0, 0.0, 0.1, 0.0, 0.0, 0.3), (0.0, 0.0, -0.1, 0.0, 0.0, -0.3)


def depth_mm():
    depth = np.full(SIZE, 900, np.uint16)
    depth[40:60, 50:75] = 840
    return depth


def mask():
    out = np.zeros(SIZE, np.bool_)
    out[40:60, 50:75] = True
    return out


def twists(closed_is=1.0):
    """Down while turning, the fingers close at row 30, and up again."""
    rows = np.zeros((ROWS, 7))
    rows[:30, :6], rows[30:, :6] = DOWN, UP
    rows[:, 6] = np.where(np.arange(ROWS) < 30, 1.0 - closed_is, closed_is)
    return rows


def write_official(folder, task="pick_up_red_mug", **files):
    """Write a sound demonstration, files replaced or, where None, left out."""
    folder.mkdir(parents=True)
    arrays = {
        "head_camera_ws_segmap.npy": mask(),
        "head_camera_rgb_intrinsic_matrix.npy": K,
        "bottleneck_pose.npy": T_WE.matrix,
        "demo_eef_twists.npy": twists(),
        "T_WC.npy": T_WC.matrix,
        "head_camera_ws_rgb.png": np.full((*SIZE, 3), 90, np.uint8),
        "head_camera_ws_depth_to_rgb.png": depth_mm(),
    } | {name.replace("__", "."): value for name, value in files.items()}
    for name, value in arrays.items():
        if value is None:
            continue
        if name.endswith(".png"):
            cv2.imwrite(str(folder / name), value)
        else:
            np.save(folder / name, value)
    if task is not None:
        (folder / "task_name.txt").write_text(task + "\n")
    return folder

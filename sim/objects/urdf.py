"""An object with a moving part as a URDF that PyBullet loads."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.spatial import ConvexHull

from mt3.types import FloatArray, IntArray
from sim.objects.mechanism import Mechanism
from sim.objects.model import ObjectModel

_LARGE = 1e3  # N or m/s: limits that a URDF must name, and that nothing here comes near


def as_wavefront(pieces: Sequence[tuple[FloatArray, IntArray]]) -> str:
    """Wavefront text with one object per piece; Bullet makes one hull of each."""
    lines: list[str] = []
    first = 1
    for number, (vertices, triangles) in enumerate(pieces):
        lines.append(f"o part{number}")
        lines += [f"v {x:.7f} {y:.7f} {z:.7f}" for x, y, z in vertices]
        lines += [f"f {a} {b} {c}" for a, b, c in triangles + first]
        first += len(vertices)
    return "\n".join(lines) + "\n"


def hulls(parts: Sequence[FloatArray]) -> list[tuple[FloatArray, IntArray]]:
    """Vertices and triangles of the convex hulls of point sets."""
    return [(points, np.asarray(ConvexHull(points).simplices, dtype=np.intp)) for points in parts]


def write_urdf(model: ObjectModel, mechanism: Mechanism, folder: Path) -> Path:
    """Write the description and its meshes into a folder; the body's link frame is O.

    The part's link frame has its origin on the joint's axis and, at fraction 0, the axes of O.
    """
    # The body does not move: with its centre of mass at O, PyBullet's base frame is O.
    body = _link(folder, "body", model, np.zeros(3), np.zeros(3))
    center = mechanism.mesh.center_of_mass() - mechanism.p_O
    part = _link(folder, "part", mechanism, mechanism.p_O, center)
    joint = f"""<joint name="joint" type="{mechanism.kind}">
  <parent link="body"/><child link="part"/>
  <origin xyz="{_row(mechanism.p_O)}"/><axis xyz="{_row(mechanism.axis_O)}"/>
  <limit lower="0" upper="{mechanism.travel:.6f}" effort="{_LARGE}" velocity="{_LARGE}"/>
</joint>"""
    path = folder / f"{model.category}.urdf"
    text = f'<robot name="{model.category}">\n{body}\n{part}\n{joint}\n</robot>\n'
    path.write_text(text, encoding="ascii")
    return path


def _link(
    folder: Path,
    name: str,
    piece: ObjectModel | Mechanism,
    origin_O: FloatArray,
    center: FloatArray,
) -> str:
    """One link, its meshes written; its frame has the axes of O, its centre of mass is given."""
    collision, visual = folder / f"{name}-collision.obj", folder / f"{name}-visual.obj"
    shifted = [points - origin_O for points in piece.collision_parts]
    collision.write_text(as_wavefront(hulls(shifted)), encoding="ascii")
    mesh = piece.mesh
    visual.write_text(as_wavefront([(mesh.vertices - origin_O, mesh.faces)]), encoding="ascii")
    # As a box of the part's size: it moves slowly, against friction that is far larger.
    x, y, z = np.ptp(mesh.vertices, axis=0) ** 2 * piece.mass_kg / 12.0
    return f"""<link name="{name}">
  <inertial>
    <origin xyz="{_row(center)}"/><mass value="{piece.mass_kg:.6f}"/>
    <inertia ixx="{y + z:.9f}" iyy="{x + z:.9f}" izz="{x + y:.9f}" ixy="0" ixz="0" iyz="0"/>
  </inertial>
  <visual><geometry><mesh filename="{visual.name}"/></geometry></visual>
  <collision><geometry><mesh filename="{collision.name}"/></geometry></collision>
</link>"""


def _row(values: FloatArray) -> str:
    return " ".join(f"{value:.7f}" for value in values)

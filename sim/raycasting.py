"""The one module through which Open3D's ray casting enters: rays against one rigid mesh."""

import numpy as np
import open3d as o3d

from mt3.geometry import SE3
from mt3.types import Float32Array, FloatArray
from sim.mesh import TriangleMesh


class RaycastMesh:
    """A triangle mesh in its own frame O that rays can be cast at."""

    def __init__(self, mesh: TriangleMesh) -> None:
        self._scene = o3d.t.geometry.RaycastingScene()
        self._scene.add_triangles(
            o3d.core.Tensor.from_numpy(np.array(mesh.vertices, dtype=np.float32)),
            o3d.core.Tensor.from_numpy(np.array(mesh.faces, dtype=np.uint32)),
        )

    def cast(self, T_OC: SE3, directions_C: Float32Array) -> tuple[Float32Array, Float32Array]:
        """Nearest hits of rays from the origin of C.

        Args:
            T_OC: Pose of the rays' frame in O.
            directions_C: (N, 3), in C, of any length.

        Returns:
            Distances in lengths of each direction, (N,), infinite without a hit, and the unit
            normals of the faces hit in O, (N, 3).
        """
        rays = np.empty((len(directions_C), 6), np.float32)
        rays[:, :3] = T_OC.t
        np.matmul(directions_C, T_OC.R.T.astype(np.float32), out=rays[:, 3:])
        hits = self._scene.cast_rays(o3d.core.Tensor.from_numpy(rays))
        return hits["t_hit"].numpy(), hits["primitive_normals"].numpy()


def decimate(mesh: TriangleMesh, triangles: int) -> TriangleMesh:
    """The mesh with at most so many triangles, by quadric error.

    Source: Garland and Heckbert, Surface Simplification Using Quadric Error Metrics, 1997.
    """
    if len(mesh.faces) <= triangles:
        return mesh
    dense = o3d.geometry.TriangleMesh(
        o3d.utility.Vector3dVector(np.array(mesh.vertices, dtype=np.float64)),
        o3d.utility.Vector3iVector(np.array(mesh.faces, dtype=np.int32)),
    )
    coarse = dense.simplify_quadric_decimation(triangles)
    vertices: FloatArray = np.asarray(coarse.vertices)
    return TriangleMesh(vertices, np.asarray(coarse.triangles))

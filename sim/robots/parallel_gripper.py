"""A generic parallel gripper of 85 mm, and how it comes to an arm's flange.

It is no maker's gripper: a palm and two straight fingers made of boxes, with the stroke that the
Robotiq 2F-85 and UFACTORY's xArm Gripper have in common (both data sheets: 85 mm). The simulated
UR and xArm arms carry it, because the descriptions of those two close by linkages whose joints
mimic each other, which PyBullet does not follow.
"""

import atexit
import re
import shutil
import tempfile
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Final

from mt3.geometry import SE3

GRIPPER: Final = "generic_parallel_gripper_85mm"
FLANGE_LINK: Final = "gripper_flange"
TOOL_LINK: Final = "gripper_tool"
T_FLANGE_TOOL: Final = SE3.from_translation((0.0, 0.0, 0.150))
FINGER_JOINTS: Final = ("gripper_left_finger_joint", "gripper_right_finger_joint")
FINGER_TRAVEL_M: Final = 0.0425
MASS_KG: Final = 0.9
P_COM_FLANGE: Final = (0.0, 0.0, 0.065)

_URDF = Path(__file__).with_name("parallel_gripper.urdf")


@cache
def with_parallel_gripper(arm_urdf: Path, last_link: str) -> Path:
    """Write an arm's description with the gripper at its flange; once in a process.

    Paths of meshes become absolute, and links that the description gives no mass get none, where
    PyBullet would give them a kilogram.

    Args:
        arm_urdf: Description of the arm alone.
        last_link: The link whose frame is that of the controller's flange.

    Returns:
        The new file, which is gone when the process ends.
    """
    # Some files use attributes of other programs without declaring their namespace.
    robot = ET.fromstring(re.sub(r"\bdrake:", "", arm_urdf.read_text(encoding="utf-8")))
    for mesh in robot.iter("mesh"):
        mesh.set("filename", str(arm_urdf.parent / mesh.attrib["filename"].split("://")[-1]))
    robot.extend(ET.parse(_URDF).getroot())
    robot.append(_fixed_joint("gripper_flange_joint", last_link, FLANGE_LINK))
    for link in robot.findall("link"):
        if link.find("inertial") is None:
            link.append(_massless())
    path = _folder() / f"{robot.attrib['name']}_with_parallel_gripper.urdf"
    ET.ElementTree(robot).write(path, encoding="utf-8", xml_declaration=True)
    return path


def _fixed_joint(name: str, parent: str, child: str) -> ET.Element:
    joint = ET.Element("joint", name=name, type="fixed")
    ET.SubElement(joint, "parent", link=parent)
    ET.SubElement(joint, "child", link=child)
    return joint


def _massless() -> ET.Element:
    inertial = ET.Element("inertial")
    ET.SubElement(inertial, "mass", value="0")
    ET.SubElement(
        inertial, "inertia", dict.fromkeys(("ixx", "iyy", "izz", "ixy", "ixz", "iyz"), "0")
    )
    return inertial


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mt3-sim-robots-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

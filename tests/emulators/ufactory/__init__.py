"""An emulated UFACTORY xArm 6 with its gripper, for the maker's own, unmodified client."""

"""Robot model, inverse kinematics, obstacles, paths and their timing."""

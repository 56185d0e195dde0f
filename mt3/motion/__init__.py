"""Robot model, inverse kinematics, collision-checked paths and their timing."""

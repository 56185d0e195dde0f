"""What moves the arm: the guarded arm and its gripper, here or in a process of their own."""

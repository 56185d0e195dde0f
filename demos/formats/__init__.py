"""Other layouts of demonstrations: the official release's, and LeRobot's."""

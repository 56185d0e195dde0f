"""Find the demonstration that fits a task and an object."""

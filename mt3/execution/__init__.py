"""Run a task: the method in the paper's order, and the record of each trial."""

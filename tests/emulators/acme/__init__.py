"""An arm that nobody makes: the example of docs/new_arm.md."""

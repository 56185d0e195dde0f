"""A recording session with an operator."""

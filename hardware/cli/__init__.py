"""Command lines of the hardware."""

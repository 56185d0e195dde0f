"""Drivers of real arms, grippers and cameras; one file per device."""

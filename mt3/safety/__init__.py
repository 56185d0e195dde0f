"""Limits, and the gate that every command to an arm passes."""

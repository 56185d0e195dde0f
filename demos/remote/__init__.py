"""A library on an object store."""

"""Command line entry points; the only modules of the core that know hydra."""

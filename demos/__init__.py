"""Recording, and the demonstration library on disk."""

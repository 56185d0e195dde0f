"""Where a camera stands, and where the tool centre point is."""

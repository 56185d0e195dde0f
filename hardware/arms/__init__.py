"""Robot arms: one driver per maker, each on the client library of its vendor."""

"""PyBullet world, ray-cast camera, object catalogue, skills and scripted demonstrator."""

"""MT3: multi-task trajectory transfer. The method; knows no robot, simulator or file format."""

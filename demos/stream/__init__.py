"""The stream of a camera: captured, encoded, stored, read frame by frame."""

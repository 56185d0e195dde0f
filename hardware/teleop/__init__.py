"""What a person moves the arm with: one file per device, and what their sticks share."""

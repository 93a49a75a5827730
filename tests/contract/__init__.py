"""What holds for every component."""

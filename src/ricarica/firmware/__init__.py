"""What runs on stations: images, who gets them, and what became of it."""

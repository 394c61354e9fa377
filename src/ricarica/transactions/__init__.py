"""What was charged, when and by whom; readings, limits and costs."""

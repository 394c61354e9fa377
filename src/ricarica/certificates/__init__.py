"""Who may call themselves what, and who believes it: of stations, of cars, of roots."""

"""Power: the scenarios and repeats it takes to see a difference, by simulation."""

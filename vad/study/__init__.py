"""Study: the researcher's files, found, loaded and told apart by name."""

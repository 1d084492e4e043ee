"""Reading the few elements of a data set that the index needs."""

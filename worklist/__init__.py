"""Reading cases: from an arriving study to a read one, with the clinic's request and the reader's claim."""

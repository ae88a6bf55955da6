"""A reader for each format: one file → one `Source`, or one a row of a table."""

"""Labelled and unlabelled texts in the formats of other programs. `formats` is the entrance."""

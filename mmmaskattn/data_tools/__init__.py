"""Tools around the data: prepare, shrink, check and draw data sets."""

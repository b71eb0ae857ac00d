"""The `tiphys` command line: data to stdout, everything else to stderr."""

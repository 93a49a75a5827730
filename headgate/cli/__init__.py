"""The command line: one module per verb, each a thin layer over plain functions. `app` puts them together."""

"""Components on AWS. One module, one component, beside the plain functions it computes with."""

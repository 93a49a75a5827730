"""Components on Google Cloud. One module, one component, beside the plain functions it computes with."""

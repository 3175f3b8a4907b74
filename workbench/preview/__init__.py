"""A user's batch, whatever its structure, as a picture and a check. Needs no `lab` extra."""

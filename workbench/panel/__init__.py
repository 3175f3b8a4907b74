"""The panel: controls, sample grid, line profile. Needs the `lab` extra."""

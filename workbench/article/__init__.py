"""The article's six functions and the races of notebook 02. Imports pipeline and settings only."""

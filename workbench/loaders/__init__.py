"""Users' own loaders, whatever their shape. Knows neither our generators nor widgets."""

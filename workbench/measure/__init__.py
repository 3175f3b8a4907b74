"""Numbers about any `Loader`, as plain results: line profiles, rates, races, checks of workers.

Imports `loader`, `batch`, `result`, `jsonfile`, `compat` and `isolation`.
"""

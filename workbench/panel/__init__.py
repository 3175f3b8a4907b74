"""The interactive panel: widgets, the two threads behind them, and what they draw and measure.

May import every other subpackage and the `lab` extra. None of them imports it.
"""

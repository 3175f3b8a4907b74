"""The interactive panel: widgets, the two threads behind them, and what they draw and measure.

May import every other room and the `lab` extra. No other room imports it.
"""

"""Known costs, rates and races against what the workbench measures, by real clocks.

`make accuracy` reports; it fails for no figure, as a busy machine makes each of them wrong. What
must hold on any machine is in the tests.
"""

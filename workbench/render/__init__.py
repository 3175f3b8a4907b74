"""Results as text and as HTML. These modules read plain data; they measure and change nothing."""

"""Workers: whether they would do, where each stands, and the end of those that hang."""

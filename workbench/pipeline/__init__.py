"""What training needs: from settings to batches. Knows `workbench.settings` only."""

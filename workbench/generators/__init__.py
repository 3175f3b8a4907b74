"""What training needs: from settings to batches. Knows `workbench.settings`, nothing else of ours."""

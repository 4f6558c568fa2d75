"""Many machines on one page: distributions, outliers, and who differs from its peers."""

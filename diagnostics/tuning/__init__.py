"""The best settings of a DataLoader here: a model proposes, a few measured trials decide."""

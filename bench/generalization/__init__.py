"""What regularizers do to the generalization gap: many small networks trained at once, and claims."""

"""Modules that stand in for those of other systems, so that code moves over with a changed import."""

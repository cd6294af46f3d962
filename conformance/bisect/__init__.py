"""Finds the release that changed a behaviour."""

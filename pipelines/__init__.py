"""Hear, take turns, think, speak."""

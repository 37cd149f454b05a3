"""One module for each step; the numbers give the order."""

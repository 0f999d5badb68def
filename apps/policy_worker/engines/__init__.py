"""Engines that write replies: one product per file."""

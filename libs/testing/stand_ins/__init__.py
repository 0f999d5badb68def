"""Protocol-true stand-ins for programs and services that cannot be had in a test."""

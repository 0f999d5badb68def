"""Tools: other programs, over the Model Context Protocol."""

"""From a film file to a rendered film, step by step."""

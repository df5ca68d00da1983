"""The picture: clips, transitions and how they are composed."""

"""The functions of `storyboard` for Python programs; the command line calls the same ones."""

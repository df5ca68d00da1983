"""What a program can ask for: the functions of `storyboard`, which the command line calls too."""

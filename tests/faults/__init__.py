"""Lets the n-th call to the operating system fail, and looks what storyboard says and keeps."""

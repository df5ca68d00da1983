"""Where people are and what they do, in the parts of a take and in the words of a prompt."""

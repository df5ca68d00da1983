"""Points of the film and beats of its music, read from the text alone."""

"""Who stands where: the blocking of shots, checked and resolved."""

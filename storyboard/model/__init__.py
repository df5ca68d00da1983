"""What a film consists of, as plain values."""

"""What an audience may stumble over between two shots; never part of an identity."""

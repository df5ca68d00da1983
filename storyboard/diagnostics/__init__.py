"""Problems in a film: their codes, and how they are collected and shown."""

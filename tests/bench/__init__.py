"""Benchmarks: ratios within one run, medians of interleaved rounds, CPU time of whole processes."""

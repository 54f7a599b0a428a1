"""What Benchmarks/run runs: see Benchmarks/README.md."""

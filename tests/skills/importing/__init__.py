"""The ways in, held against samples, real data and arbitrary input."""

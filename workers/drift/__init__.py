"""Drift: what is declared, or live, against what the migrations build."""

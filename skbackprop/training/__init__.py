"""Everything around a solver during a fit."""

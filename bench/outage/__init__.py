"""An outage in virtual time: one destination fails beside a healthy one, under our policy and under those of others."""
